#include "test.h"
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

TEST("mmap: MAP_FIXED_NOREPLACE and plain hints")
{
	char *a = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	a[0] = 'a';
	fails(mmap(a, 4096, PROT_READ, flags | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	fails(mmap(a + 7 * 4096, 2 * 4096, PROT_READ, flags | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	is(a[0], 'a');
	ok(munmap(a + 2 * 4096, 3 * 4096));
	fails(mmap(a + 4096, 4096 * 2, PROT_READ, flags | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	fails(mmap(a + 4 * 4096, 4096 * 2, PROT_READ, flags | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	holds(mmap(a + 2 * 4096, 4096 * 3, PROT_READ, flags | MAP_FIXED_NOREPLACE, -1, 0) == a + 2 * 4096);
	/* A free hint is taken, a used one is not an error, an unaligned one is rounded. */
	ok(munmap(a + 2 * 4096, 3 * 4096));
	holds(mmap(a + 2 * 4096, 4096, PROT_READ, flags, -1, 0) == a + 2 * 4096);
	char *other = mmap(a, 4096, PROT_READ, flags, -1, 0);
	holds(other != MAP_FAILED && other != a);
	holds(mmap(a + 3 * 4096 + 5, 4096, PROT_READ, flags, -1, 0) == a + 3 * 4096);
}
