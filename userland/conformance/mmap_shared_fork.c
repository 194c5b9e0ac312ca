#include "test.h"
TEST("mmap: shared anonymous memory across fork, to grandchildren")
{
	volatile int *p = mmap(NULL, 4096 * 2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile int *q = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	p[0] = 1;
	q[0] = 1;
	CHILD({
		p[0] = 2;
		q[0] = 2;
		CHILD({
			is(p[0], 2);
			is(q[0], 2);
			p[1] = 3;
			/* A page first touched after both forks is shared all the same. */
			p[1024] = 4;
			q[0] = 5;
		});
		is(p[1], 3);
		is(q[0], 2);
	});
	is(p[0], 2);
	is(p[1], 3);
	is(p[1024], 4);
	is(q[0], 1);
	CHILD({ ok(munmap((void *)p, 8192)); });
	is(p[0], 2);
}
