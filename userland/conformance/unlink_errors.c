#include "test.h"
TEST("unlink: what is refused")
{
	need(mkdir("d", 0755));
	put_file("f", "x");
	need(symlink("f", "l"));
	need(symlink("nowhere", "dangling"));
	need(symlink("d", "ld"));
	fails(unlink("absent"), ENOENT);
	fails(unlink(""), ENOENT);
	fails(unlink("d"), EISDIR);
	fails(unlink("d/"), EISDIR);
	fails(unlink("f/"), ENOTDIR);
	fails(unlink("f/x"), ENOTDIR);
	fails(unlink("."), EISDIR);
	fails(unlink(".."), EISDIR);
	fails(unlink("/"), EISDIR);
	fails(unlink("ld/"), ENOTDIR);
	fails(unlink((char *)8), EFAULT);
	ok(unlink("l"));
	ok(access("f", F_OK));
	ok(unlink("dangling"));
	ok(unlink("ld"));
	ok(access("d", F_OK));
	put_file("d/inner", "x");
	CHILD({
		become(1000);
		fails(unlink("d/inner"), EACCES);
		fails(unlink("f"), EACCES);
		fails(unlink("absent"), ENOENT);
	});
	need(chmod("f", 0));
	ok(unlink("f"));
}
