#include "test.h"
static int all_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return 0;
	return 1;
}

TEST("mmap: anonymous memory is zero, page aligned and its own")
{
	size_t len = 64 * 4096;
	unsigned char *a = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	holds(a != MAP_FAILED);
	holds(((uintptr_t)a & 4095) == 0);
	holds(all_zero(a, len));
	memset(a, 0xa5, len);
	is(a[len - 1], 0xa5);
	unsigned char *b = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	holds(b + len <= a || a + len <= b);
	holds(all_zero(b, len));
	ok(munmap(a, len));
	unsigned char *c = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	holds(all_zero(c, len));
	/* The file descriptor of an anonymous mapping is ignored. */
	holds(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, 12345, 0) != MAP_FAILED);
	/* A length that is no multiple of the page is rounded up. */
	unsigned char *d = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	d[4095] = 7;
	is(d[4095], 7);
	ok(munmap(d, 1));
}
