#include "test.h"
static long range(unsigned first, unsigned last, unsigned flags) { return syscall(SYS_close_range, first, last, flags); }

TEST("close, close_range: ranges, close-on-exec, errors")
{
	int fd = (int)need(open("/dev/null", O_RDONLY));
	for (int i = 20; i < 30; i++)
		need(dup2(fd, i));
	ok(close(20));
	fails(close(20), EBADF);
	fails(close(-1), EBADF);
	ok(range(21, 23, 0));
	fails(fcntl(21, F_GETFD), EBADF);
	fails(fcntl(23, F_GETFD), EBADF);
	ok(fcntl(24, F_GETFD));
	ok(range(24, 25, 4));
	is(fcntl(24, F_GETFD), FD_CLOEXEC);
	is(fcntl(25, F_GETFD), FD_CLOEXEC);
	is(fcntl(26, F_GETFD), 0);
	fails(range(10, 5, 0), EINVAL);
	fails(range(10, 20, 0x100), EINVAL);
	ok(range(100, ~0U, 0));
	CHILD({
		ok(range(26, ~0U, 2));
		fails(fcntl(26, F_GETFD), EBADF);
	});
	ok(fcntl(26, F_GETFD));
	ok(range(26, ~0U, 0));
	fails(fcntl(29, F_GETFD), EBADF);
}
