#include "test.h"
TEST("search and write permission along a path")
{
	need(mkdir("a", 0755));
	need(mkdir("a/b", 0755));
	put_file("a/b/f", "x");
	struct stat st;
	need(chmod("a/b", 0754));
	CHILD({
		become(1000);
		fails(stat("a/b/f", &st), EACCES);
		fails(open("a/b/f", O_RDONLY), EACCES);
		ok(open("a/b", O_RDONLY));
		fails(chdir("a/b"), EACCES);
		/* ".." needs search permission as well. */
		fails(access("a/b/../b", F_OK), EACCES);
		ok(access("a/b", R_OK));
	});
	need(chmod("a/b", 0751));
	CHILD({
		become(1000);
		ok(stat("a/b/f", &st));
		fails(open("a/b", O_RDONLY), EACCES);
		fails(open("a/b/new", O_RDWR | O_CREAT, 0644), EACCES);
		fails(unlink("a/b/f"), EACCES);
		fails(access("a/b/absent", F_OK), ENOENT);
		ok(open("a/b/f", O_RDONLY | O_CREAT, 0644));
	});
	need(chmod("a/b", 0753));
	CHILD({
		become(1000);
		ok(open("a/b/new", O_RDWR | O_CREAT, 0644));
		ok(unlink("a/b/f"));
	});
	/* Owner bits count for the owner even when others have more. */
	need(chown("a/b/new", 1000, 1000));
	need(chmod("a/b/new", 0077));
	CHILD({
		become(1000);
		fails(open("a/b/new", O_RDONLY), EACCES);
	});
	CHILD({
		need(setgroups(0, NULL));
		need(setresgid(1000, 1000, 1000));
		need(setresuid(1001, 1001, 1001));
		ok(open("a/b/new", O_RDWR));
	});
	need(chmod("a/b/new", 0007));
	CHILD({
		gid_t groups[] = {5, 1000};
		need(setgroups(2, groups));
		need(setresgid(6, 6, 6));
		need(setresuid(1001, 1001, 1001));
		fails(open("a/b/new", O_RDONLY), EACCES);
	});
	/* Root passes all of it. */
	ok(open("a/b/new", O_RDWR));
}
