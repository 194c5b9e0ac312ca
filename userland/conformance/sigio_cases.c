#define _GNU_SOURCE
#include "test.h"
#include <sys/socket.h>
static sigset_t both;
/* The next of the two signals, or 0 after a while without one. */
static int next(siginfo_t *info)
{
	struct timespec limit = {0, 300000000};
	int signo = sigtimedwait(&both, info, &limit);
	return signo < 0 ? 0 : signo;
}
TEST("O_ASYNC: the owner is signalled when a pipe or socket becomes ready")
{
	sigemptyset(&both);
	sigaddset(&both, SIGIO);
	sigaddset(&both, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &both, NULL);
	siginfo_t info;
	int fds[2];
	ok(pipe(fds));
	is(fcntl(fds[0], F_GETOWN), 0);
	ok(fcntl(fds[0], F_SETFL, O_ASYNC));
	is(fcntl(fds[0], F_GETFL) & O_ASYNC, O_ASYNC);
	/* Nobody owns it yet. */
	is(write(fds[1], "a", 1), 1);
	is(next(&info), 0);
	ok(fcntl(fds[0], F_SETOWN, getpid()));
	is(write(fds[1], "b", 1), 1);
	is(next(&info), SIGIO);
	is(info.si_code, SI_KERNEL);
	/* A signal of one's own tells which descriptor it is and why. */
	ok(fcntl(fds[0], F_SETSIG, SIGRTMIN + 3));
	is(write(fds[1], "c", 1), 1);
	is(next(&info), SIGRTMIN + 3);
	is(info.si_code, POLL_IN);
	is(info.si_fd, fds[0]);
	is(info.si_band & POLLIN, POLLIN);
	ok(fcntl(fds[0], F_SETFL, 0));
	is(write(fds[1], "d", 1), 1);
	is(next(&info), 0);

	/* The end that writes is told of room. */
	int on = 1;
	ok(ioctl(fds[1], FIOASYNC, &on));
	is(fcntl(fds[1], F_GETFL) & O_ASYNC, O_ASYNC);
	ok(fcntl(fds[1], F_SETOWN, getpid()));
	ok(fcntl(fds[1], F_SETSIG, SIGRTMIN + 3));
	ok(fcntl(fds[1], F_SETFL, fcntl(fds[1], F_GETFL) | O_NONBLOCK));
	char page[4096] = "";
	while (write(fds[1], page, sizeof page) > 0)
		;
	while (next(&info))
		;
	is(read(fds[0], page, sizeof page), 4096);
	is(next(&info), SIGRTMIN + 3);
	is(info.si_code, POLL_OUT);
	is(info.si_fd, fds[1]);

	int ends[2];
	ok(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ok(fcntl(ends[0], F_SETOWN, getpid()));
	ok(fcntl(ends[0], F_SETSIG, SIGRTMIN + 3));
	ok(fcntl(ends[0], F_SETFL, O_ASYNC));
	CHILD(write(ends[1], "x", 1));
	is(next(&info), SIGRTMIN + 3);
	is(info.si_code, POLL_IN);
	is(info.si_fd, ends[0]);

	/* Regular files have nothing to tell, and say so to nobody. */
	int file = (int)ok(open("/tmp/sigio", O_RDWR | O_CREAT | O_ASYNC, 0600));
	ok(fcntl(file, F_SETOWN, getpid()));
	ok(fcntl(file, F_SETFL, O_ASYNC));
	is(write(file, "x", 1), 1);
	is(next(&info), 0);
	ok(unlink("/tmp/sigio"));
}
