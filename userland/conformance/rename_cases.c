#include "test.h"
static ino_t inode(const char *path)
{
	struct stat st;
	return lstat(path, &st) < 0 ? 0 : st.st_ino;
}

TEST("rename: files over files, links, open files, the same file")
{
	put_file("a", "A");
	put_file("b", "B");
	int open_b = (int)need(open("b", O_RDONLY));
	ino_t ino = inode("a");
	ok(rename("a", "b"));
	fails(access("a", F_OK), ENOENT);
	text_is(get_file("b"), "A");
	is(inode("b") == ino, 1);
	char c = 0;
	is(read(open_b, &c, 1), 1);
	is(c, 'B');
	ok(rename("b", "b"));
	ok(link("b", "c"));
	/* Two names of one file: nothing happens, successfully. */
	ok(rename("b", "c"));
	ok(access("b", F_OK));
	ok(access("c", F_OK));
	need(symlink("b", "s"));
	ok(rename("s", "t"));
	is(S_ISLNK(mode_of("t")), 1);
	put_file("x", "X");
	/* Over a link: the link is replaced, not its target. */
	ok(rename("x", "t"));
	is(S_ISREG(mode_of("t")), 1);
	text_is(get_file("b"), "A");
	need(mkdir("d", 0755));
	ok(rename("t", "d/t"));
	text_is(get_file("d/t"), "X");
	ok(rename("d/t", "./back"));
	fails(rename("absent", "y"), ENOENT);
	fails(rename("back", "absent/y"), ENOENT);
	fails(rename("back", "b/y"), ENOTDIR);
	fails(rename("back", ""), ENOENT);
	fails(rename("", "y"), ENOENT);
	fails(rename("back", "y/"), ENOTDIR);
	fails(rename("back/", "y"), ENOTDIR);
	fails(rename("back", "/proc/y"), EXDEV);
	fails(rename((char *)8, "y"), EFAULT);
	need(mkfifo("p", 0600));
	ok(rename("p", "back"));
	is(S_ISFIFO(mode_of("back")), 1);
}
