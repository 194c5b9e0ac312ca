#include "test.h"
#include <sys/signalfd.h>

TEST("signalfd: reading signals, their fields, masks, poll, errors")
{
	sigset_t set, other;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	sigemptyset(&other);
	sigaddset(&other, SIGUSR2);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	need(sigprocmask(SIG_BLOCK, &other, NULL));
	int fd = (int)ok(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
	is(fcntl(fd, F_GETFD), FD_CLOEXEC);
	struct signalfd_siginfo info[4];
	fails(read(fd, info, sizeof info), EAGAIN);
	fails(read(fd, info, 10), EINVAL);
	struct pollfd p = {fd, POLLIN, 0};
	is(poll(&p, 1, 0), 0);
	kill(getpid(), SIGUSR1);
	is(poll(&p, 1, 0), 1);
	is(p.revents, POLLIN);
	is(read(fd, info, sizeof info), sizeof info[0]);
	is(info[0].ssi_signo, SIGUSR1);
	is(info[0].ssi_code, SI_USER);
	holds(info[0].ssi_pid == (uint32_t)getpid());
	is(info[0].ssi_uid, 0);
	union sigval v = {.sival_int = 42};
	for (int i = 0; i < 3; i++)
		need(sigqueue(getpid(), SIGRTMIN, v));
	need(kill(getpid(), SIGUSR1));
	is(read(fd, info, sizeof info), 4 * sizeof info[0]);
	is(info[0].ssi_signo, SIGUSR1);
	is(info[3].ssi_signo == (uint32_t)SIGRTMIN, 1);
	is(info[3].ssi_int, 42);
	is(info[3].ssi_code, SI_QUEUE);
	/* Another mask for the same descriptor. */
	kill(getpid(), SIGUSR2);
	is(poll(&p, 1, 0), 0);
	is(signalfd(fd, &other, 0), fd);
	is(poll(&p, 1, 0), 1);
	is(read(fd, info, sizeof info[0]), sizeof info[0]);
	is(info[0].ssi_signo, SIGUSR2);
	/* A blocking read, woken by a child's end. */
	sigset_t chld;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	need(sigprocmask(SIG_BLOCK, &chld, NULL));
	int cfd = (int)ok(signalfd(-1, &chld, 0));
	pid_t pid;
	SPAWN(pid, _exit(9));
	is(read(cfd, info, sizeof info[0]), sizeof info[0]);
	is(info[0].ssi_signo, SIGCHLD);
	is(info[0].ssi_status, 9);
	is(info[0].ssi_code, CLD_EXITED);
	ends(pid, "exit 9");
	fails(signalfd(0, &set, 0), EINVAL);
	fails(signalfd(99, &set, 0), EBADF);
	fails(signalfd(-1, &set, 0x1), EINVAL);
	fails(syscall(SYS_signalfd4, -1, &set, 4, 0), EINVAL);
	fails(write(fd, info, 8), EINVAL);
}
