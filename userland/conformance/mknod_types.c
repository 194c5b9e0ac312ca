#include "test.h"
#include <sys/sysmacros.h>

TEST("mknod: every type, device numbers, permissions")
{
	struct stat st;
	ok(mknod("reg", S_IFREG | 0640, 0));
	is(mode_of("reg"), S_IFREG | 0640);
	ok(mknod("none", 0600, 0));
	is(mode_of("none"), S_IFREG | 0600);
	ok(mknod("fifo", S_IFIFO | 0600, 0));
	is(mode_of("fifo"), S_IFIFO | 0600);
	ok(mknod("chr", S_IFCHR | 0666, makedev(1, 3)));
	need(stat("chr", &st));
	is(S_ISCHR(st.st_mode), 1);
	is(major(st.st_rdev), 1);
	is(minor(st.st_rdev), 3);
	ok(mknod("blk", S_IFBLK | 0600, makedev(7, 259)));
	need(stat("blk", &st));
	is(S_ISBLK(st.st_mode), 1);
	is(minor(st.st_rdev), 259);
	ok(mknod("sock", S_IFSOCK | 0600, 0));
	is(S_ISSOCK(mode_of("sock")), 1);
	fails(open("sock", O_RDONLY), ENXIO);
	fails(mknod("dir", S_IFDIR | 0755, 0), EPERM);
	fails(mknod("lnk", S_IFLNK | 0777, 0), EINVAL);
	fails(mknod("reg", S_IFREG | 0644, 0), EEXIST);
	fails(mknod("absent/x", S_IFREG | 0644, 0), ENOENT);
	/* It is the null device, whatever it is called. */
	int fd = (int)ok(open("chr", O_RDWR));
	is(write(fd, "gone", 4), 4);
	char c;
	is(read(fd, &c, 1), 0);
	need(chmod(".", 0777));
	CHILD({
		become(1000);
		fails(mknod("mine", S_IFCHR | 0666, makedev(1, 3)), EPERM);
		ok(mknod("myfifo", S_IFIFO | 0666, 0));
		ok(mknod("myreg", S_IFREG | 0666, 0));
	});
}
