#include "test.h"
#include <sys/xattr.h>

TEST("extended attributes: trusted ones on tmpfs, set, get, list, remove, flags, errors")
{
	char buffer[256];
	put_file("f", "x");
	need(symlink("f", "s"));
	ok(setxattr("f", "trusted.a", "value", 5, 0));
	is(getxattr("f", "trusted.a", buffer, sizeof buffer), 5);
	is(memcmp(buffer, "value", 5), 0);
	is(getxattr("f", "trusted.a", NULL, 0), 5);
	fails(getxattr("f", "trusted.a", buffer, 3), ERANGE);
	fails(getxattr("f", "trusted.b", buffer, 3), ENODATA);
	fails(setxattr("f", "trusted.a", "x", 1, XATTR_CREATE), EEXIST);
	fails(setxattr("f", "trusted.b", "x", 1, XATTR_REPLACE), ENODATA);
	ok(setxattr("f", "trusted.a", "new", 3, XATTR_REPLACE));
	ok(setxattr("f", "trusted.b", "", 0, XATTR_CREATE));
	is(getxattr("f", "trusted.b", buffer, sizeof buffer), 0);
	fails(setxattr("f", "trusted.a", "x", 1, 4), EINVAL);
	fails(setxattr("f", "nonsense", "x", 1, 0), EOPNOTSUPP);
	fails(setxattr("f", "", "x", 1, 0), ERANGE);
	fails(setxattr("absent", "trusted.a", "x", 1, 0), ENOENT);
	fails(setxattr("f", "trusted.a", buffer, 65537, 0), E2BIG);
	memset(buffer, 'n', sizeof buffer);
	memcpy(buffer, "trusted.", 8);
	char longer[300];
	memset(longer, 'n', sizeof longer);
	memcpy(longer, "trusted.", 8);
	longer[256] = 0;
	fails(setxattr("f", longer, "x", 1, 0), ERANGE);
	longer[255] = 0;
	ok(setxattr("f", longer, "x", 1, 0));
	ok(removexattr("f", longer));
	fails(removexattr("f", longer), ENODATA);
	ssize_t n = listxattr("f", buffer, sizeof buffer);
	is(n, 20);
	is(listxattr("f", NULL, 0), 20);
	fails(listxattr("f", buffer, 5), ERANGE);
	int a = 0, b = 0;
	for (char *p = buffer; p < buffer + n; p += strlen(p) + 1) {
		a += !strcmp(p, "trusted.a");
		b += !strcmp(p, "trusted.b");
	}
	is(a, 1);
	is(b, 1);
	ok(lsetxattr("s", "trusted.link", "l", 1, 0));
	fails(getxattr("f", "trusted.link", buffer, 1), ENODATA);
	is(lgetxattr("s", "trusted.link", buffer, 10), 1);
	int fd = (int)need(open("f", O_RDONLY));
	ok(fsetxattr(fd, "trusted.c", "c", 1, 0));
	is(fgetxattr(fd, "trusted.c", buffer, 10), 1);
	ok(fremovexattr(fd, "trusted.c"));
	fails(fgetxattr(-1, "trusted.c", buffer, 10), EBADF);
	CHILD({
		need(chmod("f", 0666));
		become(1000);
		fails(setxattr("f", "trusted.a", "x", 1, 0), EPERM);
		fails(getxattr("f", "trusted.a", buffer, 10), ENODATA);
		is(listxattr("f", buffer, sizeof buffer), 0);
	});
}
