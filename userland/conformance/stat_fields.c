#include "test.h"
#include <sys/sysmacros.h>

TEST("stat, lstat, fstat: the fields of every kind of file")
{
	struct stat st, other;
	char text[5000];
	memset(text, 'x', sizeof text);
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0640));
	need(write(fd, text, sizeof text));
	ok(fstat(fd, &st));
	is(st.st_mode, S_IFREG | 0640);
	is(st.st_nlink, 1);
	is(st.st_size, 5000);
	is(st.st_blksize, 4096);
	is(st.st_blocks, 16);
	is(st.st_uid + st.st_gid, 0);
	is(st.st_rdev, 0);
	ok(stat("f", &other));
	holds(st.st_ino == other.st_ino && st.st_dev == other.st_dev);
	holds(st.st_ino != 0);
	need(mkdir("d", 0755));
	need(stat("d", &other));
	holds(st.st_ino != other.st_ino && st.st_dev == other.st_dev);
	need(stat("/dev/null", &other));
	is(other.st_mode, S_IFCHR | 0666);
	is(major(other.st_rdev) * 1000 + minor(other.st_rdev), 1003);
	need(stat("/dev/zero", &other));
	is(minor(other.st_rdev), 5);
	need(symlink("f", "s"));
	need(lstat("s", &other));
	is(other.st_size, 1);
	is(other.st_mode, S_IFLNK | 0777);
	int pfd[2];
	need(pipe(pfd));
	need(fstat(pfd[0], &other));
	is(other.st_mode, S_IFIFO | 0600);
	is(other.st_nlink, 1);
	fails(stat("absent", &st), ENOENT);
	fails(stat("f/x", &st), ENOTDIR);
	fails(stat("", &st), ENOENT);
	fails(stat((char *)8, &st), EFAULT);
	fails(syscall(SYS_stat, "f", (void *)8), EFAULT);
	fails(fstat(-1, &st), EBADF);
	fails(syscall(SYS_fstat, fd, (void *)8), EFAULT);
	need(mkdir("closed", 0));
	CHILD({
		become(1000);
		fails(stat("closed/x", &st), EACCES);
		ok(stat("closed", &st));
	});
}
