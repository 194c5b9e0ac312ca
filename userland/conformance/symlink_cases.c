#include "test.h"
TEST("symlink, readlink: contents, lengths, truncation, errors")
{
	char buffer[64] = "", longer[PATH_MAX + 2];
	put_file("f", "x");
	ok(symlink("any old text", "s"));
	is(readlink("s", buffer, sizeof buffer), 12);
	text_is(buffer, "any old text");
	memset(buffer, '#', sizeof buffer);
	is(readlink("s", buffer, 5), 5);
	is(memcmp(buffer, "any o##", 7), 0);
	fails(syscall(SYS_readlink, "s", buffer, 0), EINVAL);
	fails(syscall(SYS_readlink, "s", buffer, -1), EINVAL);
	fails(readlink("f", buffer, 10), EINVAL);
	fails(readlink(".", buffer, 10), EINVAL);
	fails(readlink("absent", buffer, 10), ENOENT);
	fails(readlink("f/x", buffer, 10), ENOTDIR);
	fails(readlink("", buffer, 10), ENOENT);
	fails(readlink("s", (char *)8, 10), EFAULT);
	fails(symlink("x", "s"), EEXIST);
	fails(symlink("", "empty"), ENOENT);
	fails(symlink("x", ""), ENOENT);
	fails(symlink("x", "absent/s"), ENOENT);
	fails(symlink("x", "f/s"), ENOTDIR);
	fails(symlink((char *)8, "t"), EFAULT);
	fails(symlink("x", "t/"), ENOENT);
	memset(longer, 'l', sizeof longer);
	longer[PATH_MAX] = 0;
	fails(symlink(longer, "t"), ENAMETOOLONG);
	longer[PATH_MAX - 1] = 0;
	ok(symlink(longer, "t"));
	is(size_of("t"), PATH_MAX - 1);
	longer[10] = 0;
	is(size_of("s"), 12);
	is(mode_of("s"), S_IFLNK | 0777);
	struct stat st;
	need(lchown("s", 5, 6));
	need(lstat("s", &st));
	is(st.st_uid, 5);
	/* Ownership of the target is untouched; the mode of a link can't be changed. */
	need(stat("f", &st));
	is(st.st_uid, 0);
}
