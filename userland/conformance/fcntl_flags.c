#include "test.h"
TEST("fcntl: status flags that can be changed, descriptor flags, unknown commands")
{
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644)), twin = dup(fd);
	ok(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	is(fcntl(twin, F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND | O_NONBLOCK);
	/* Access mode and creation flags are not changed. */
	ok(fcntl(fd, F_SETFL, O_WRONLY | O_TRUNC | O_EXCL));
	is(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR);
	ok(fcntl(fd, F_SETFD, FD_CLOEXEC));
	is(fcntl(twin, F_GETFD), 0);
	ok(fcntl(fd, F_SETFD, 0xfe));
	is(fcntl(fd, F_GETFD), 0);
	fails(fcntl(fd, 9999, 0), EINVAL);
	fails(fcntl(-1, F_GETFL), EBADF);
	fails(fcntl(999, F_SETFD, 0), EBADF);
	ok(ioctl(fd, FIOCLEX));
	is(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ok(ioctl(fd, FIONCLEX));
	is(fcntl(fd, F_GETFD), 0);
	int one = 1;
	ok(ioctl(fd, FIONBIO, &one));
	is(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	need(write(fd, "12345", 5));
	need(lseek(fd, 2, SEEK_SET));
	int left = 0;
	ok(ioctl(fd, FIONREAD, &left));
	is(left, 3);
	fails(ioctl(fd, TCGETS, &left), ENOTTY);
	fails(ioctl(fd, 0x12345678, 0), ENOTTY);
	fails(ioctl(-1, FIONREAD, &left), EBADF);
}
