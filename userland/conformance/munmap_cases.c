#include "test.h"
static int mapped(char *p)
{
	return msync(p, 4096, MS_ASYNC) == 0;
}

TEST("munmap: holes, splits, and what is refused")
{
	char *p = mmap(NULL, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 'x', 8 * 4096);
	fails(munmap(p + 1, 4096), EINVAL);
	fails(munmap(p, 0), EINVAL);
	fails(syscall(SYS_munmap, 0xffff800000000000, 4096), EINVAL);
	fails(syscall(SYS_munmap, p, 0x7fffffffffff0000), EINVAL);
	ok(munmap(p + 2 * 4096, 4096));
	is(mapped(p + 4096), 1);
	is(mapped(p + 2 * 4096), 0);
	is(mapped(p + 3 * 4096), 1);
	is(p[4096], 'x');
	is(p[3 * 4096], 'x');
	/* Unmapping what is not mapped is no error, nor is a range over a hole. */
	ok(munmap(p + 2 * 4096, 4096));
	ok(munmap(p + 4096, 3 * 4096));
	is(mapped(p), 1);
	is(mapped(p + 4096), 0);
	is(mapped(p + 3 * 4096), 0);
	is(mapped(p + 4 * 4096), 1);
	/* The length is rounded up to whole pages. */
	ok(munmap(p + 4 * 4096, 1));
	is(mapped(p + 4 * 4096), 0);
	is(mapped(p + 5 * 4096), 1);
	ok(munmap(p, 8 * 4096));
	is(mapped(p + 7 * 4096), 0);
}
