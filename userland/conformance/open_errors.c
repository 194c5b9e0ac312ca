#include "test.h"
TEST("open: the error of every wrong path")
{
	char name[300];
	put_file("f", "x");
	need(mkdir("d", 0755));
	need(symlink("nothing", "dangling"));
	need(symlink("loop2", "loop1"));
	need(symlink("loop1", "loop2"));
	fails(open("absent", O_RDONLY), ENOENT);
	fails(open("", O_RDONLY), ENOENT);
	fails(open("", O_RDWR | O_CREAT, 0644), ENOENT);
	fails(open("absent/f", O_RDONLY), ENOENT);
	fails(open("absent/f", O_RDWR | O_CREAT, 0644), ENOENT);
	fails(open("f/x", O_RDONLY), ENOTDIR);
	fails(open("f/", O_RDONLY), ENOTDIR);
	fails(open("f/.", O_RDONLY), ENOTDIR);
	fails(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	fails(open("d", O_WRONLY), EISDIR);
	fails(open("d", O_RDWR), EISDIR);
	fails(open("d", O_RDONLY | O_CREAT, 0644), EISDIR);
	fails(open("d/", O_RDWR | O_CREAT, 0644), EISDIR);
	fails(open("new/", O_RDWR | O_CREAT, 0644), EISDIR);
	fails(open("d", O_RDONLY | O_TRUNC), EISDIR);
	fails(open("dangling", O_RDONLY), ENOENT);
	fails(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	fails(open("loop1", O_RDONLY), ELOOP);
	fails(open("loop1/x", O_RDONLY), ELOOP);
	fails(open((char *)8, O_RDONLY), EFAULT);
	memset(name, 'n', sizeof name);
	name[256] = 0;
	fails(open(name, O_RDONLY), ENAMETOOLONG);
	name[255] = 0;
	fails(open(name, O_RDONLY), ENOENT);
	ok(open(name, O_RDWR | O_CREAT, 0644));
	char *path = malloc(5000);
	memset(path, '/', 5000);
	path[4095] = 0;
	ok(open(path, O_RDONLY));
	path[4095] = '/';
	path[4096] = 0;
	fails(open(path, O_RDONLY), ENAMETOOLONG);
	/* A dangling link is followed on creation. */
	ok(open("dangling", O_RDWR | O_CREAT, 0644));
	ok(access("nothing", F_OK));
	need(mknod("chr", S_IFCHR | 0644, (240 << 8) | 7));
	fails(open("chr", O_RDONLY), ENXIO);
}
