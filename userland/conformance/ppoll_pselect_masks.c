#include "test.h"
#include <sys/select.h>

static volatile int calls;
static void handler(int sig) { calls++; }

TEST("ppoll, pselect: the mask is in force while they wait and only then")
{
	int fds[2];
	need(pipe(fds));
	sigset_t blocked, empty, now;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigemptyset(&empty);
	signal(SIGUSR1, handler);
	need(sigprocmask(SIG_BLOCK, &blocked, NULL));
	raise(SIGUSR1);
	struct pollfd p = {fds[0], POLLIN, 0};
	struct timespec t = {5, 0}, zero = {0, 0};
	is(ppoll(&p, 1, &zero, NULL), 0);
	is(calls, 0);
	fails(ppoll(&p, 1, &t, &empty), EINTR);
	is(calls, 1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	is(sigismember(&now, SIGUSR1), 1);
	raise(SIGUSR1);
	fd_set set;
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	fails(pselect(fds[0] + 1, &set, NULL, NULL, &t, &empty), EINTR);
	is(calls, 2);
	is(FD_ISSET(fds[0], &set) != 0, 1);
	/* A descriptor that is ready wins over a signal that is pending. */
	need(write(fds[1], "x", 1));
	raise(SIGUSR1);
	is(ppoll(&p, 1, &t, &empty), 1);
	is(calls, 2);
	is(ppoll(&p, 1, &zero, &empty), 1);
	is(calls, 2);
	sigset_t pending;
	sigpending(&pending);
	is(sigismember(&pending, SIGUSR1), 1);
	is(pselect(fds[0] + 1, &set, NULL, NULL, &zero, NULL), 1);
	fails(syscall(SYS_ppoll, &p, 1, &zero, &empty, 4), EINVAL);
}
