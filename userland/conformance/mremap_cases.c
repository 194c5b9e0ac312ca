#include "test.h"
TEST("mremap: shrink, grow, move, and what is refused")
{
	char *p = mmap(NULL, 9 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* The ninth page keeps a place behind free. */
	need(munmap(p + 8 * 4096, 4096));
	for (int i = 0; i < 8; i++)
		p[i * 4096] = (char)('a' + i);
	holds(mremap(p, 8 * 4096, 6 * 4096, 0) == p);
	fails(msync(p + 6 * 4096, 4096, MS_ASYNC), ENOMEM);
	holds(mremap(p, 6 * 4096, 8 * 4096, 0) == p);
	is(p[5 * 4096], 'f');
	is(p[6 * 4096], 0);
	/* An obstacle behind: not in place, but it may move. */
	char *wall = mmap(p + 8 * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	need((long)wall);
	fails(mremap(p, 8 * 4096, 16 * 4096, 0), ENOMEM);
	char *q = mremap(p, 8 * 4096, 16 * 4096, MREMAP_MAYMOVE);
	holds(q != MAP_FAILED && q != p);
	is(q[0], 'a');
	is(q[5 * 4096], 'f');
	is(q[15 * 4096], 0);
	fails(msync(p, 4096, MS_ASYNC), ENOMEM);
	/* To a fixed place, over another mapping. */
	char *place = mmap(NULL, 20 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	place[0] = 'z';
	place[17 * 4096] = 'y';
	holds(mremap(q, 16 * 4096, 16 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place);
	is(place[0], 'a');
	is(place[17 * 4096], 'y');
	fails(mremap(place + 1, 4096, 8192, MREMAP_MAYMOVE), EINVAL);
	fails(mremap(place, 4096, 0, MREMAP_MAYMOVE), EINVAL);
	fails(mremap(place, 4096, 8192, MREMAP_FIXED, q), EINVAL);
	fails(mremap(place, 4096, 4096, 0x100), EINVAL);
	fails(mremap(place, 8192, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, place + 4096), EINVAL);
	fails(mremap(q, 4096, 8192, MREMAP_MAYMOVE), EFAULT);
	/* Old length 0 of a shared mapping makes a second view of it. */
	char *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *t = mremap(s, 0, 4096, MREMAP_MAYMOVE);
	holds(t != MAP_FAILED && t != s);
	strcpy(s, "two views");
	text_is(t, "two views");
	/* A range over two different mappings can't be grown. */
	fails(mremap(place, 20 * 4096, 30 * 4096, MREMAP_MAYMOVE), EFAULT);
}
