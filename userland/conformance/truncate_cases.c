#include "test.h"
TEST("truncate, ftruncate: growing, shrinking, permissions, wrong kinds")
{
	put_file("f", "0123456789");
	need(mkdir("d", 0755));
	need(mkfifo("p", 0644));
	ok(truncate("f", 4));
	text_is(get_file("f"), "0123");
	ok(truncate("f", 8));
	int fd = (int)need(open("f", O_RDWR)), ro = (int)need(open("f", O_RDONLY));
	char buffer[16];
	is(read(fd, buffer, 16), 8);
	is(memcmp(buffer, "0123\0\0\0\0", 8), 0);
	fails(truncate("f", -1), EINVAL);
	fails(ftruncate(fd, -1), EINVAL);
	fails(ftruncate(ro, 0), EINVAL);
	fails(ftruncate(-1, 0), EBADF);
	fails(truncate("d", 0), EISDIR);
	fails(truncate("p", 0), EINVAL);
	fails(truncate("absent", 0), ENOENT);
	fails(truncate("f/x", 0), ENOTDIR);
	fails(truncate("", 0), ENOENT);
	fails(truncate((char *)8, 0), EFAULT);
	int dir = (int)need(open("d", O_RDONLY));
	fails(ftruncate(dir, 0), EINVAL);
	int pfd[2];
	need(pipe(pfd));
	fails(ftruncate(pfd[1], 0), EINVAL);
	need(symlink("f", "l"));
	ok(truncate("l", 2));
	is(size_of("f"), 2);
	ok(truncate("f", 1L << 40));
	is(size_of("f"), 1L << 40);
	ok(truncate("f", 0));
	need(chmod("f", 0444));
	CHILD({
		become(1000);
		fails(truncate("f", 0), EACCES);
	});
	ok(truncate("f", 3));
	/* The position stays where it was. */
	is(lseek(fd, 0, SEEK_CUR), 8);
	is(read(fd, buffer, 1), 0);
}
