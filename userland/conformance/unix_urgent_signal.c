#include "test.h"
#include "unix.h"

static sigset_t all;
/* The next of the signals, or 0 after a while without one. */
static int next(siginfo_t *info)
{
	struct timespec limit = {0, 200000000};
	int number = sigtimedwait(&all, info, &limit);
	return number < 0 ? 0 : number;
}
static void drain(int fd)
{
	char b[64];
	siginfo_t info;
	while (recv(fd, b, sizeof b, MSG_DONTWAIT) > 0)
		;
	while (next(&info))
		;
}

TEST("an urgent byte sends SIGURG to the socket's owner, with O_ASYNC or without")
{
	int p[2], on = 1;
	siginfo_t info;
	sigemptyset(&all);
	sigaddset(&all, SIGURG);
	sigaddset(&all, SIGIO);
	sigaddset(&all, SIGRTMIN + 2);
	sigprocmask(SIG_BLOCK, &all, NULL);
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	/* Nobody owns it. */
	is(send(p[0], "a", 1, MSG_OOB), 1);
	is(next(&info), 0);
	ok(fcntl(p[1], F_SETOWN, getpid()));
	is(next(&info), 0);
	is(send(p[0], "b", 1, MSG_OOB), 1);
	is(next(&info), SIGURG);
	is(info.si_code, SI_KERNEL);
	is(next(&info), 0);
	/* Each one, also while one waits; ordinary bytes tell nothing. */
	is(send(p[0], "cde", 3, MSG_OOB), 3);
	is(next(&info), SIGURG);
	is(send(p[0], "fgh", 3, 0), 3);
	is(next(&info), 0);
	drain(p[1]);
	/* The other end's owner is not told. */
	ok(fcntl(p[0], F_SETOWN, getpid()));
	ok(fcntl(p[1], F_SETOWN, 0));
	is(send(p[0], "i", 1, MSG_OOB), 1);
	is(next(&info), 0);
	ok(fcntl(p[0], F_SETOWN, 0));
	/* With O_ASYNC: SIGIO for the byte as for any, and SIGURG. */
	drain(p[1]);
	ok(fcntl(p[1], F_SETOWN, getpid()));
	ok(fcntl(p[1], F_SETFL, O_ASYNC));
	is(send(p[0], "j", 1, MSG_OOB), 1);
	is(next(&info), SIGURG);
	is(next(&info), SIGIO);
	is(next(&info), 0);
	drain(p[1]);
	/* With a signal of one's own for O_ASYNC, that tells why, and SIGURG comes nevertheless. */
	ok(fcntl(p[1], F_SETSIG, SIGRTMIN + 2));
	is(send(p[0], "k", 1, MSG_OOB), 1);
	is(next(&info), SIGURG);
	is(info.si_code, SI_KERNEL);
	int reasons = 0, others = 0, number;
	while ((number = next(&info)) != 0) {
		if (number == SIGRTMIN + 2 && info.si_fd == p[1])
			reasons |= info.si_code == POLL_IN ? 1 : info.si_code == POLL_PRI ? 2 : 4;
		else
			others++;
	}
	is(reasons, 3);
	is(others, 0);
	ok(fcntl(p[1], F_SETFL, 0));
	drain(p[1]);
	/* Without O_ASYNC, SIGURG alone, whatever the signal of one's own. */
	is(send(p[0], "l", 1, MSG_OOB), 1);
	is(next(&info), SIGURG);
	is(next(&info), 0);
	/* Among the others it is urgent all the same. */
	ok(setsockopt(p[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof on));
	is(send(p[0], "m", 1, MSG_OOB), 1);
	is(next(&info), SIGURG);
	drain(p[1]);
	/* FIOSETOWN and SIOCSPGRP say the same. */
	int pid = getpid(), owner = 0;
	ok(fcntl(p[1], F_SETOWN, 0));
	ok(ioctl(p[1], 0x8901 /* FIOSETOWN */, &pid));
	ok(ioctl(p[1], 0x8903 /* FIOGETOWN */, &owner));
	is(owner == pid, 1);
	is(send(p[0], "n", 1, MSG_OOB), 1);
	is(next(&info), SIGURG);
	ok(ioctl(p[1], 0x8902 /* SIOCSPGRP */, &(int){0}));
	ok(ioctl(p[1], 0x8904 /* SIOCGPGRP */, &owner));
	is(owner, 0);
	is(send(p[0], "o", 1, MSG_OOB), 1);
	is(next(&info), 0);
	/* A group; a process that is gone. */
	drain(p[1]);
	ok(fcntl(p[1], F_SETOWN, -getpgrp()));
	pid_t child;
	SPAWN(child, {
		siginfo_t mine;
		is(next(&mine), SIGURG);
	});
	holds(await_state(child, 'S'));
	is(send(p[0], "p", 1, MSG_OOB), 1);
	ends(child, "exit 0");
	is(next(&info), SIGURG);
	/* Who is set as owner by an unprivileged process can be told only by those who may signal it. */
	child = start_child();
	if (child == 0) {
		become(1000);
		ok(fcntl(p[1], F_SETOWN, getppid()));
		is(send(p[0], "q", 1, MSG_OOB), 1);
		end_child();
	}
	join_child(child);
	is(next(&info), 0);
}
