#include "test.h"
TEST("mmap: what ftruncate does to mappings, shared and private")
{
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	need(ftruncate(fd, 8192));
	char *s = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	memset(s, 's', 8192);
	is(p[5000], 's');
	p[0] = 'p';
	p[4096] = 'p';
	need(ftruncate(fd, 4096));
	need(ftruncate(fd, 8192));
	is(s[4095], 's');
	is(s[4096], 0);
	is(p[0], 'p');
	/* Cut pages are lost to private copies as well. */
	is(p[4096], 0);
	need(ftruncate(fd, 10));
	need(ftruncate(fd, 8192));
	is(s[9], 's');
	is(s[10], 0);
	is(p[0], 'p');
	/* O_TRUNC is the same thing. */
	close((int)need(open("f", O_RDWR | O_TRUNC)));
	need(ftruncate(fd, 8192));
	is(s[0], 0);
	is(p[0], 0);
}
