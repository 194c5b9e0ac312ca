#include "test.h"
TEST("open: creation, exclusive, truncation, access modes, flags that F_GETFL shows")
{
	int fd = (int)ok(open("f", O_WRONLY | O_CREAT, 0644));
	is(write(fd, "hello", 5), 5);
	char c;
	fails(read(fd, &c, 1), EBADF);
	fails(open("f", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
	ok(open("f", O_RDONLY | O_CREAT, 0000));
	is(mode_of("f") & 07777, 0644);
	int ro = (int)ok(open("f", O_RDONLY));
	fails(write(ro, "x", 1), EBADF);
	ok(close((int)ok(open("f", O_RDWR | O_TRUNC))));
	is(size_of("f"), 0);
	is(write(fd, "x", 1), 1);
	is(size_of("f"), 6);
	/* Linux: O_RDONLY|O_TRUNC truncates as well. */
	ok(close((int)ok(open("f", O_RDONLY | O_TRUNC))));
	is(size_of("f"), 0);
	is(fcntl(ro, F_GETFL) & O_ACCMODE, O_RDONLY);
	is(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
	int ap = (int)ok(open("f", O_RDWR | O_APPEND | O_NONBLOCK | O_SYNC | O_NOATIME | O_CLOEXEC));
	is(fcntl(ap, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_NOATIME), O_RDWR | O_APPEND | O_NONBLOCK | O_NOATIME);
	is((fcntl(ap, F_GETFL) & O_SYNC) == O_SYNC, 1);
	is(fcntl(ap, F_GETFL) & (O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC), 0);
	is(fcntl(ap, F_GETFD), FD_CLOEXEC);
	/* The lowest free number. */
	int a = (int)need(open("f", O_RDONLY)), b = (int)need(open("f", O_RDONLY));
	is(b, a + 1);
	close(a);
	is(open("f", O_RDONLY), a);
	/* Access mode 3 gives a descriptor that can neither read nor write. */
	int three = (int)ok(open("f", O_ACCMODE));
	fails(read(three, &c, 1), EBADF);
	fails(write(three, &c, 1), EBADF);
	ok(open("f", O_RDONLY | 040));
}
