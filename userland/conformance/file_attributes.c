#include "test.h"
#include <linux/fs.h>
#include <sys/ioctl.h>

static int flags_of(int fd)
{
	int flags = 0;
	need(ioctl(fd, FS_IOC_GETFLAGS, &flags));
	return flags & (FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL);
}

static int set_flags(int fd, int flags)
{
	return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

TEST("file attributes: what immutable and append-only files refuse, who may set them, what is inherited")
{
	put_file("f", "text");
	int fd = (int)need(open("f", O_RDWR)), dir = (int)need(open(".", O_RDONLY | O_DIRECTORY));
	is(flags_of(fd), 0);
	ok(set_flags(fd, FS_IMMUTABLE_FL));
	is(flags_of(fd), FS_IMMUTABLE_FL);
	fails(open("f", O_WRONLY), EPERM);
	fails(unlink("f"), EPERM);
	fails(rename("f", "g"), EPERM);
	fails(link("f", "g"), EPERM);
	fails(chmod("f", 0600), EPERM);
	fails(chown("f", 1, 1), EPERM);
	fails(truncate("f", 0), EPERM);
	fails(utimensat(AT_FDCWD, "f", NULL, 0), EPERM);
	ok(set_flags(fd, FS_APPEND_FL | FS_NODUMP_FL));
	is(flags_of(fd), FS_APPEND_FL | FS_NODUMP_FL);
	fails(open("f", O_WRONLY), EPERM);
	int end = (int)ok(open("f", O_WRONLY | O_APPEND));
	is(write(end, "more", 4), 4);
	fails(unlink("f"), EPERM);
	ok(utimensat(AT_FDCWD, "f", NULL, 0));
	ok(set_flags(fd, 0));
	fails(set_flags(fd, FS_COMPR_FL), EOPNOTSUPP);
	ok(set_flags(dir, FS_NODUMP_FL | FS_NOATIME_FL));
	put_file("new", "");
	int inherits = (int)need(open("new", O_RDONLY));
	is(flags_of(inherits), FS_NODUMP_FL | FS_NOATIME_FL);
	ok(set_flags(dir, FS_IMMUTABLE_FL));
	fails(open("another", O_CREAT | O_WRONLY, 0644), EPERM);
	fails(unlink("f"), EPERM);
	ok(set_flags(dir, 0));
	fails(ioctl(fd, FS_IOC_GETFLAGS, NULL), EFAULT);
	fails(set_flags((int)need(open("/dev/null", O_RDWR)), 0), ENOTTY);
	need(chmod("f", 0666));
	CHILD({
		become(1000);
		int mine = (int)need(open("f", O_RDWR));
		fails(set_flags(mine, FS_NODUMP_FL), EPERM);
	});
	need(chown("f", 1000, 1000));
	CHILD({
		become(1000);
		int mine = (int)need(open("f", O_RDWR));
		ok(set_flags(mine, FS_NODUMP_FL));
		fails(set_flags(mine, FS_IMMUTABLE_FL), EPERM);
	});
}
