#include "test.h"
TEST("the *at calls: directory descriptors, AT_FDCWD, absolute paths, wrong descriptors")
{
	need(mkdir("d", 0755));
	put_file("d/f", "inside");
	int dir = (int)need(open("d", O_RDONLY | O_DIRECTORY)), file = (int)need(open("d/f", O_RDONLY));
	struct stat st;
	char path[PATH_MAX], buffer[64] = "";
	ok(openat(dir, "f", O_RDONLY));
	ok(openat(AT_FDCWD, "d/f", O_RDONLY));
	need((long)getcwd(path, sizeof path - 8));
	strcat(path, "/d/f");
	ok(openat(-1, path, O_RDONLY));
	ok(openat(file, path, O_RDONLY));
	fails(openat(-1, "f", O_RDONLY), EBADF);
	fails(openat(999, "f", O_RDONLY), EBADF);
	fails(openat(file, "f", O_RDONLY), ENOTDIR);
	ok(mkdirat(dir, "sub", 0755));
	ok(symlinkat("f", dir, "link"));
	is(readlinkat(dir, "link", buffer, sizeof buffer), 1);
	ok(linkat(dir, "f", dir, "hard", 0));
	ok(renameat(dir, "hard", dir, "moved"));
	ok(fstatat(dir, "moved", &st, 0));
	is(st.st_nlink, 2);
	ok(fstatat(dir, "link", &st, AT_SYMLINK_NOFOLLOW));
	is(S_ISLNK(st.st_mode), 1);
	ok(fstatat(file, "", &st, AT_EMPTY_PATH));
	is(st.st_size, 6);
	fails(fstatat(file, "", &st, 0), ENOENT);
	fails(syscall(SYS_newfstatat, dir, "f", &st, 0x10000000), EINVAL);
	ok(fchmodat(dir, "f", 0600, 0));
	ok(fchownat(dir, "link", 7, 8, AT_SYMLINK_NOFOLLOW));
	ok(faccessat(dir, "f", R_OK, 0));
	ok(mkfifoat(dir, "fifo", 0644));
	ok(mknodat(dir, "node", S_IFREG | 0600, 0));
	ok(unlinkat(dir, "node", 0));
	fails(unlinkat(dir, "sub", 0), EISDIR);
	ok(unlinkat(dir, "sub", AT_REMOVEDIR));
	fails(unlinkat(dir, "f", AT_REMOVEDIR), ENOTDIR);
	fails(unlinkat(dir, "f", 0x1), EINVAL);
	/* The descriptor follows its directory wherever it is moved to. */
	ok(rename("d", "e"));
	ok(openat(dir, "f", O_RDONLY));
	ok(openat(dir, "../e/f", O_RDONLY));
}
