#include "test.h"
TEST("link, linkat: counts, what can't be linked, following or not")
{
	struct stat a, b;
	put_file("f", "x");
	need(mkdir("d", 0755));
	need(symlink("f", "s"));
	ok(link("f", "g"));
	need(stat("f", &a));
	need(stat("g", &b));
	is(a.st_nlink, 2);
	is(a.st_ino == b.st_ino, 1);
	fails(link("f", "g"), EEXIST);
	fails(link("f", "d"), EEXIST);
	fails(link("f", "s"), EEXIST);
	fails(link("absent", "h"), ENOENT);
	fails(link("f", "absent/h"), ENOENT);
	fails(link("d", "h"), EPERM);
	fails(link("f", "g/h"), ENOTDIR);
	fails(link("", "h"), ENOENT);
	fails(link("f", ""), ENOENT);
	fails(link("f", "h/"), ENOENT);
	/* link(2) links the symbolic link itself. */
	ok(link("s", "s2"));
	is(S_ISLNK(mode_of("s2")), 1);
	ok(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW));
	is(S_ISREG(mode_of("s3")), 1);
	need(stat("f", &a));
	is(a.st_nlink, 3);
	fails(linkat(AT_FDCWD, "f", AT_FDCWD, "x", 0x1), EINVAL);
	ok(unlink("f"));
	need(stat("g", &a));
	is(a.st_nlink, 2);
	text_is(get_file("s3"), "x");
	need(mkfifo("p", 0644));
	ok(link("p", "p2"));
	need(chown("g", 1000, 1000));
	need(chmod("d", 0777));
	CHILD({
		become(1000);
		fails(link("g", "new"), EACCES);
		fails(link("absent", "d/new"), ENOENT);
	});
}
