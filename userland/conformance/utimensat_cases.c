#include "test.h"
static long atime(const char *p)
{
	struct stat st;
	need(lstat(p, &st));
	return st.st_atim.tv_sec * 1000 + st.st_atim.tv_nsec % 1000;
}
static long mtime(const char *p)
{
	struct stat st;
	need(lstat(p, &st));
	return st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec % 1000;
}

TEST("utimensat, futimens, utimes: values, UTIME_NOW, UTIME_OMIT, permissions")
{
	put_file("f", "x");
	need(symlink("f", "s"));
	struct timespec t[2] = {{1000, 1}, {2000, 2}};
	ok(utimensat(AT_FDCWD, "f", t, 0));
	is(atime("f"), 1000001);
	is(mtime("f"), 2000002);
	t[0].tv_nsec = UTIME_OMIT;
	t[1].tv_sec = 3000;
	ok(utimensat(AT_FDCWD, "f", t, 0));
	is(atime("f"), 1000001);
	is(mtime("f"), 3000002);
	t[0].tv_nsec = UTIME_NOW;
	t[1].tv_nsec = UTIME_OMIT;
	ok(utimensat(AT_FDCWD, "f", t, 0));
	holds(atime("f") > 1000000000L);
	is(mtime("f"), 3000002);
	t[0] = t[1] = (struct timespec){77, 0};
	ok(utimensat(AT_FDCWD, "s", t, AT_SYMLINK_NOFOLLOW));
	is(mtime("s"), 77000);
	is(mtime("f"), 3000002);
	int fd = (int)need(open("f", O_RDONLY));
	ok(futimens(fd, t));
	is(mtime("f"), 77000);
	struct timeval tv[2] = {{5, 1}, {6, 2}};
	ok(utimes("f", tv));
	is(mtime("f"), 6000 + 2000 % 1000);
	ok(utimensat(AT_FDCWD, "f", NULL, 0));
	holds(mtime("f") > 1000000000L);
	/* Before the epoch. */
	t[0] = t[1] = (struct timespec){-5, 0};
	ok(utimensat(AT_FDCWD, "f", t, 0));
	is(mtime("f"), -5000);
	t[0].tv_nsec = 1000000000;
	fails(utimensat(AT_FDCWD, "f", t, 0), EINVAL);
	t[0].tv_nsec = -1;
	fails(utimensat(AT_FDCWD, "f", t, 0), EINVAL);
	t[0].tv_nsec = 0;
	fails(utimensat(AT_FDCWD, "absent", t, 0), ENOENT);
	fails(utimensat(AT_FDCWD, "f", t, 0x1), EINVAL);
	fails(utimensat(-1, "f", t, 0), EBADF);
	tv[0].tv_usec = 1000000;
	fails(utimes("f", tv), EINVAL);
	need(chmod("f", 0666));
	need(chmod(".", 0777));
	CHILD({
		become(1000);
		/* Who may write may set "now", but no other time. */
		ok(utimensat(AT_FDCWD, "f", NULL, 0));
		fails(utimensat(AT_FDCWD, "f", t, 0), EPERM);
		t[0].tv_nsec = UTIME_OMIT;
		t[1].tv_nsec = UTIME_NOW;
		fails(utimensat(AT_FDCWD, "f", t, 0), EPERM);
		t[1].tv_nsec = UTIME_OMIT;
		ok(utimensat(AT_FDCWD, "f", t, 0));
	});
	need(chmod("f", 0644));
	CHILD({
		become(1000);
		fails(utimensat(AT_FDCWD, "f", NULL, 0), EACCES);
	});
}
