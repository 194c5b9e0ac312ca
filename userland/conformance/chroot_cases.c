#include "test.h"
TEST("chroot: the new root, escapes that do not work, permissions")
{
	char path[PATH_MAX];
	need(mkdir("jail", 0755));
	need(mkdir("jail/sub", 0755));
	put_file("outside", "secret");
	put_file("jail/inside", "fine");
	need(symlink("/inside", "jail/abs"));
	need(symlink("../outside", "jail/rel"));
	fails(chroot("absent"), ENOENT);
	fails(chroot("outside"), ENOTDIR);
	CHILD({
		become(1000);
		fails(chroot("jail"), EPERM);
	});
	CHILD({
		ok(chroot("jail"));
		/* The cwd is not moved: it is outside now. */
		text_is(get_file("outside"), "secret");
		ok(chdir("/"));
		text_is(get_file("inside"), "fine");
		text_is(get_file("/../../inside"), "fine");
		text_is(get_file("abs"), "fine");
		fails(access("rel", F_OK), ENOENT);
		fails(access("outside", F_OK), ENOENT);
		ok(chdir("sub"));
		is(strcmp(getcwd(path, sizeof path), "/sub"), 0);
		ok(chdir("../.."));
		is(strcmp(getcwd(path, sizeof path), "/"), 0);
	});
	ok(access("outside", F_OK));
}
