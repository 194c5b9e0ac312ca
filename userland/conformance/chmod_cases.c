#include "test.h"
TEST("chmod, fchmod: bits, who may, the set-group-ID bit of others' groups")
{
	put_file("f", "x");
	need(mkdir("d", 0755));
	need(symlink("f", "s"));
	ok(chmod("f", 07777));
	is(mode_of("f"), S_IFREG | 07777);
	ok(chmod("f", 0170000 | 0600));
	is(mode_of("f"), S_IFREG | 0600);
	ok(chmod("d", 01777));
	is(mode_of("d"), S_IFDIR | 01777);
	ok(chmod("s", 0604));
	is(mode_of("f") & 0777, 0604);
	is(mode_of("s"), S_IFLNK | 0777);
	int fd = (int)need(open("f", O_RDONLY));
	ok(fchmod(fd, 0666));
	is(mode_of("f") & 0777, 0666);
	fails(fchmod(-1, 0666), EBADF);
	fails(chmod("absent", 0), ENOENT);
	fails(chmod("f/x", 0), ENOTDIR);
	fails(chmod((char *)8, 0), EFAULT);
	need(chmod(".", 0777));
	CHILD({
		become(1000);
		fails(chmod("f", 0777), EPERM);
		fails(fchmod(fd, 0777), EPERM);
		put_file("mine", "x");
		ok(chmod("mine", 06755));
		is(mode_of("mine") & 07777, 06755);
	});
	/* The owner is in no group of the file: the bit is silently dropped. */
	need(chown("mine", 1000, 700));
	CHILD({
		become(1000);
		ok(chmod("mine", 06755));
		is(mode_of("mine") & 07777, 04755);
	});
	/* A descriptor keeps the access it was opened with. */
	int rw = (int)need(open("f", O_RDWR));
	need(chmod("f", 0));
	is(write(rw, "y", 1), 1);
}
