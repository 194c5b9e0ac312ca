#include "test.h"
TEST("mincore: resident pages of anonymous memory, errors")
{
	unsigned char v[8];
	char *p = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(v, 0xff, sizeof v);
	ok(mincore(p, 4 * 4096, v));
	is((v[0] | v[1] | v[2] | v[3]) & 1, 0);
	is(v[4], 0xff);
	p[4096] = 1;
	p[3 * 4096] = 1;
	ok(mincore(p, 4 * 4096, v));
	is(v[0] & 1, 0);
	is(v[1] & 1, 1);
	is(v[2] & 1, 0);
	is(v[3] & 1, 1);
	fails(mincore(p + 1, 4096, v), EINVAL);
	ok(mincore(p, 0, v));
	fails(mincore(p, 4096, (unsigned char *)8), EFAULT);
	need(munmap(p + 4096, 4096));
	fails(mincore(p, 3 * 4096, v), ENOMEM);
	ok(mincore(p, 4096, v));
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	need(ftruncate(fd, 3 * 4096));
	need(pwrite(fd, "x", 1, 4096));
	char *f = mmap(NULL, 3 * 4096, PROT_READ, MAP_SHARED, fd, 0);
	ok(mincore(f, 3 * 4096, v));
	is(v[0] & 1, 0);
	is(v[1] & 1, 1);
	is(v[2] & 1, 0);
}
