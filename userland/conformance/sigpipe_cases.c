#include "test.h"
static volatile int calls;
static void handler(int sig) { calls++; }

TEST("SIGPIPE: default, ignored, handled, and which thread gets it")
{
	int fds[2];
	pid_t pid;
	need(pipe(fds));
	close(fds[0]);
	SPAWN(pid, (void)!write(fds[1], "x", 1));
	ends(pid, "signal SIGPIPE");
	signal(SIGPIPE, SIG_IGN);
	fails(write(fds[1], "x", 1), EPIPE);
	is(write(fds[1], "x", 0), 0);
	signal(SIGPIPE, handler);
	fails(write(fds[1], "x", 1), EPIPE);
	is(calls, 1);
	/* Blocked: pending for the writing thread. */
	sigset_t set, pending;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fails(write(fds[1], "x", 1), EPIPE);
	sigpending(&pending);
	is(sigismember(&pending, SIGPIPE), 1);
	siginfo_t info;
	is(sigwaitinfo(&set, &info), SIGPIPE);
	is(info.si_code, SI_USER);
	is(calls, 1);
}
