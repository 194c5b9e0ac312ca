#include "test.h"
#ifndef STATX_BASIC_STATS /* musl has it since 1.2.5 */
#include <linux/stat.h>
#endif

static struct statx st;
static long sx(int dir, const char *path, int flags, unsigned mask)
{
	return syscall(SYS_statx, dir, path, flags, mask, &st);
}

TEST("statx: masks, flags, times, errors")
{
	put_file("f", "hello");
	need(symlink("f", "s"));
	ok(sx(AT_FDCWD, "f", 0, STATX_BASIC_STATS));
	is((st.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS, 1);
	is(st.stx_size, 5);
	is(st.stx_mode, S_IFREG | 0644);
	is(st.stx_nlink, 1);
	ok(sx(AT_FDCWD, "s", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS));
	is(st.stx_mode, S_IFLNK | 0777);
	int fd = (int)need(open("f", O_RDONLY));
	ok(sx(fd, "", AT_EMPTY_PATH, STATX_SIZE));
	is(st.stx_size, 5);
	ok(sx(AT_FDCWD, "f", 0x2000 /* AT_STATX_FORCE_SYNC */, STATX_ALL));
	fails(sx(fd, "", 0, STATX_SIZE), ENOENT);
	fails(sx(AT_FDCWD, "f", 0x6000, STATX_SIZE), EINVAL);
	fails(sx(AT_FDCWD, "f", 0x10, STATX_SIZE), EINVAL);
	fails(sx(AT_FDCWD, "f", 0, 0x80000000U), EINVAL);
	fails(sx(AT_FDCWD, "absent", 0, STATX_SIZE), ENOENT);
	fails(sx(-5, "f", 0, STATX_SIZE), EBADF);
	fails(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_SIZE, (void *)8), EFAULT);
	struct timespec t[2] = {{100, 5}, {200, 7}};
	need(utimensat(AT_FDCWD, "f", t, 0));
	ok(sx(AT_FDCWD, "f", 0, STATX_BASIC_STATS));
	is(st.stx_atime.tv_sec, 100);
	is(st.stx_mtime.tv_nsec, 7);
}
