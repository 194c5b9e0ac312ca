#include "test.h"
TEST("rename: directories, into themselves, over empty and full ones, dots")
{
	struct stat st;
	need(mkdir("a", 0755));
	need(mkdir("a/b", 0755));
	need(mkdir("a/b/c", 0755));
	need(mkdir("empty", 0755));
	need(mkdir("full", 0755));
	put_file("full/f", "x");
	put_file("file", "x");
	fails(rename("a", "a/b/d"), EINVAL);
	fails(rename("a", "a/a"), EINVAL);
	fails(rename("a/b", "a"), ENOTEMPTY);
	fails(rename("a/b/c", "a"), ENOTEMPTY);
	fails(rename("a", "full"), ENOTEMPTY);
	fails(rename("a", "file"), ENOTDIR);
	fails(rename("file", "a"), EISDIR);
	fails(rename("file", "empty"), EISDIR);
	fails(rename(".", "x"), EBUSY);
	fails(rename("a/.", "x"), EBUSY);
	fails(rename("a/..", "x"), EBUSY);
	fails(rename("a", "empty/."), EBUSY);
	fails(rename("a", "empty/.."), EBUSY);
	ok(rename("a", "empty"));
	ok(access("empty/b/c", F_OK));
	ok(rename("empty/", "a/"));
	need(stat(".", &st));
	is(st.st_nlink, 4);
	need(mkdir("other", 0755));
	ok(rename("a/b", "other/b"));
	need(stat("a", &st));
	is(st.st_nlink, 2);
	need(stat("other", &st));
	is(st.st_nlink, 3);
	/* ".." of the moved directory has changed. */
	need(chdir("other/b"));
	put_file("../here", "x");
	need(chdir("../.."));
	ok(access("other/here", F_OK));
	/* The cwd may be moved. */
	need(chdir("other/b/c"));
	ok(rename("../../../other", "../../../moved"));
	char path[PATH_MAX];
	need((long)getcwd(path, sizeof path));
	text_is(strstr(path, "/moved"), "/moved/b/c");
}
