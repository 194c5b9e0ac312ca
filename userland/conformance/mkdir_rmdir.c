#include "test.h"
TEST("mkdir, rmdir: link counts, what is refused, removed directories")
{
	struct stat st;
	need(mkdir("d", 0755));
	put_file("f", "x");
	need(symlink("d", "ld"));
	need(symlink("nowhere", "dangling"));
	need(stat("d", &st));
	is(st.st_nlink, 2);
	ok(mkdir("d/a", 0755));
	ok(mkdir("d/b/", 0755));
	need(stat("d", &st));
	is(st.st_nlink, 4);
	fails(mkdir("d", 0755), EEXIST);
	fails(mkdir("f", 0755), EEXIST);
	fails(mkdir("ld", 0755), EEXIST);
	fails(mkdir("dangling", 0755), EEXIST);
	fails(mkdir("absent/x", 0755), ENOENT);
	fails(mkdir("f/x", 0755), ENOTDIR);
	fails(mkdir("", 0755), ENOENT);
	fails(mkdir(".", 0755), EEXIST);
	fails(mkdir("/", 0755), EEXIST);
	fails(mkdir("d/..", 0755), EEXIST);
	fails(mkdir((char *)8, 0755), EFAULT);
	fails(rmdir("d"), ENOTEMPTY);
	fails(rmdir("f"), ENOTDIR);
	fails(rmdir("ld"), ENOTDIR);
	fails(rmdir("ld/"), ENOTDIR);
	fails(rmdir("absent"), ENOENT);
	fails(rmdir("d/a/."), EINVAL);
	fails(rmdir("d/a/.."), ENOTEMPTY);
	fails(rmdir("."), EINVAL);
	fails(rmdir(""), ENOENT);
	fails(rmdir("/"), EBUSY);
	ok(rmdir("d/a"));
	ok(rmdir("d/b/"));
	/* A removed directory that somebody sits in. */
	ok(chdir("d"));
	ok(rmdir("../d"));
	fails(mkdir("x", 0755), ENOENT);
	fails(open("x", O_RDWR | O_CREAT, 0644), ENOENT);
	char path[64];
	fails((getcwd(path, sizeof path) ? 0 : -1), ENOENT);
	ok(access(".", F_OK));
	ok(stat(".", &st));
	is(st.st_nlink, 0);
	ok(chdir(".."));
	ok(access("f", F_OK));
}
