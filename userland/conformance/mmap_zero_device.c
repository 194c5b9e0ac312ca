#include "test.h"
TEST("mmap: /dev/zero gives memory")
{
	int fd = (int)need(open("/dev/zero", O_RDWR));
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	holds(p != MAP_FAILED);
	is(p[0] + p[8191], 0);
	strcpy(p, "private");
	char *q = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	holds(q != MAP_FAILED);
	is(q[0], 0);
	strcpy(q, "shared");
	CHILD({
		strcpy(p, "changed");
		strcpy(q, "CHANGED");
	});
	text_is(p, "private");
	text_is(q, "CHANGED");
	/* Each shared mapping of it is an object of its own. */
	char *r = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	is(r[0], 0);
	int null = (int)need(open("/dev/null", O_RDWR));
	fails(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, null, 0), ENODEV);
}
