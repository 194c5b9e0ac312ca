#include "test.h"
TEST("lseek: the three origins, gaps, errors, what has no position")
{
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	need(write(fd, "0123456789", 10));
	is(lseek(fd, 0, SEEK_CUR), 10);
	is(lseek(fd, 3, SEEK_SET), 3);
	is(lseek(fd, -2, SEEK_CUR), 1);
	is(lseek(fd, -4, SEEK_END), 6);
	is(lseek(fd, 100, SEEK_END), 110);
	is(size_of("f"), 10);
	fails(lseek(fd, -1, SEEK_SET), EINVAL);
	fails(lseek(fd, -11, SEEK_END), EINVAL);
	fails(lseek(fd, 0, 99), EINVAL);
	is(lseek(fd, 0, SEEK_CUR), 110);
	is(write(fd, "x", 1), 1);
	is(size_of("f"), 111);
	fails(lseek(fd, 0x7fffffffffffffff, SEEK_CUR), EINVAL);
	int pfd[2];
	need(pipe(pfd));
	fails(lseek(pfd[0], 0, SEEK_CUR), ESPIPE);
	fails(lseek(-1, 0, SEEK_CUR), EBADF);
	int null = (int)need(open("/dev/null", O_RDWR));
	ok(lseek(null, 5, SEEK_SET));
	/* Shared by dup, not by a second open. */
	int twin = dup(fd), other = (int)need(open("f", O_RDONLY));
	is(lseek(twin, 7, SEEK_SET), 7);
	is(lseek(fd, 0, SEEK_CUR), 7);
	is(lseek(other, 0, SEEK_CUR), 0);
}
