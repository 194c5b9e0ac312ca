#include "test.h"
TEST("mremap: file mappings keep their file and offset")
{
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	for (int i = 0; i < 8; i++) {
		char page[4096];
		memset(page, '0' + i, sizeof page);
		need(write(fd, page, sizeof page));
	}
	char *p = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 2 * 4096);
	is(p[0], '2');
	char *q = mremap(p, 2 * 4096, 4 * 4096, MREMAP_MAYMOVE);
	holds(q != MAP_FAILED);
	is(q[0], '2');
	is(q[3 * 4096], '5');
	q[3 * 4096] = 'x';
	char c = 0;
	is(pread(fd, &c, 1, 5 * 4096), 1);
	is(c, 'x');
	char *r = mremap(q, 4 * 4096, 4096, 0);
	holds(r == q);
	is(r[4095], '2');
	/* Private: copied pages move along. */
	char *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	a[1] = 'p';
	char *wall = mmap(a + 4096, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	(void)wall;
	char *b = mremap(a, 4096, 3 * 4096, MREMAP_MAYMOVE);
	is(b[1], 'p');
	is(b[0], '0');
	is(b[2 * 4096], '2');
	is(pread(fd, &c, 1, 1), 1);
	is(c, '0');
}
