#include "test.h"
TEST("dup, dup2, dup3, F_DUPFD: numbers, flags, limits")
{
	int fd = (int)need(open("f", O_RDWR | O_CREAT | O_CLOEXEC, 0644));
	int copy = (int)ok(dup(fd));
	is(copy, fd + 1);
	is(fcntl(copy, F_GETFD), 0);
	is(dup2(fd, 50), 50);
	is(fcntl(50, F_GETFD), 0);
	is(dup2(fd, fd), fd);
	is(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fails(dup2(-1, 5), EBADF);
	fails(dup2(99, 99), EBADF);
	fails(dup2(fd, -1), EBADF);
	fails(dup2(fd, 1 << 24), EBADF);
	fails(dup(99), EBADF);
	is(dup3(fd, 51, O_CLOEXEC), 51);
	is(fcntl(51, F_GETFD), FD_CLOEXEC);
	fails(dup3(fd, fd, 0), EINVAL);
	fails(syscall(SYS_dup3, fd, 52, O_APPEND), EINVAL);
	is(fcntl(fd, F_DUPFD, 40), 40);
	is(fcntl(fd, F_DUPFD, 50), 52);
	is(fcntl(fd, F_DUPFD_CLOEXEC, 0), fd + 2);
	is(fcntl(fd + 2, F_GETFD), FD_CLOEXEC);
	fails(fcntl(fd, F_DUPFD, -1), EINVAL);
	/* dup2 closes its target quietly, also the last reference to a pipe's end. */
	int pfd[2];
	char c;
	need(pipe(pfd));
	is(dup2(fd, pfd[1]), pfd[1]);
	is(read(pfd[0], &c, 1), 0);
	CHILD({
		struct rlimit limit = {10, 10};
		need(setrlimit(RLIMIT_NOFILE, &limit));
		fails(dup2(fd, 10), EBADF);
		fails(fcntl(fd, F_DUPFD, 10), EINVAL);
		while (dup(fd) >= 0)
			;
		fails(dup(fd), EMFILE);
		fails(open("f", O_RDONLY), EMFILE);
		fails(pipe(pfd), EMFILE);
		ok(close(50));
		/* Above the limit what was open stays usable. */
		ok(write(51, "x", 1));
	});
}
