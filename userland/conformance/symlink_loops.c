#include "test.h"
TEST("symbolic links in paths: depth 40, relative targets, dots, trailing slashes")
{
	char name[16], target[16];
	need(mkdir("d", 0755));
	put_file("d/f", "end");
	need(symlink("d/f", "l0"));
	for (int i = 1; i <= 45; i++) {
		snprintf(name, sizeof name, "l%d", i);
		snprintf(target, sizeof target, "l%d", i - 1);
		need(symlink(target, name));
	}
	ok(access("l38", F_OK));
	ok(access("l39", F_OK));
	fails(access("l40", F_OK), ELOOP);
	need(symlink("self", "self"));
	fails(access("self", F_OK), ELOOP);
	fails(access("self/x", F_OK), ELOOP);
	ok(readlink("self", name, sizeof name));
	need(symlink("../d", "d/up"));
	ok(access("d/up/up/up/f", F_OK));
	need(symlink("d/", "slash"));
	ok(access("slash/f", F_OK));
	ok(access("slash", F_OK));
	need(symlink("d/f/", "fslash"));
	fails(access("fslash", F_OK), ENOTDIR);
	need(symlink(".", "dot"));
	ok(access("dot/dot/dot/d/f", F_OK));
	struct stat st;
	need(lstat("dot/", &st));
	is(S_ISDIR(st.st_mode), 1);
	need(lstat("dot", &st));
	is(S_ISLNK(st.st_mode), 1);
	char longpath[512] = "";
	for (int i = 0; i < 41; i++)
		strcat(longpath, "dot/");
	fails(access(longpath, F_OK), ELOOP);
	longpath[strlen(longpath) - 4] = 0;
	ok(access(longpath, F_OK));
}
