#include "native.h"

/* A user may have a quarter of the memory in rings and pools; root half of it. */

enum { MOST = 100000 };

static long rings_until_full(unsigned shift)
{
	long count = 0;
	int fds[2];
	while (count < MOST && exo_ring_create(EXO_SPSC, shift, 0, fds) == 0) {
		/* The end alone keeps the memory. */
		close(fds[1]);
		count++;
	}
	return count;
}

NATIVE_TEST("what a user may have of rings and pools is limited, and comes back")
{
	long before = 0;
	for (int round = 0; round < 3; round++) {
		int report[2];
		need(pipe(report));
		CHILD({
			struct rlimit files = {2048, 2048};
			need(setrlimit(RLIMIT_NOFILE, &files));
			become(1000);
			long count = rings_until_full(18);
			is(errno, ENOMEM);
			/* Half a page does not fit where nothing does. */
			int fds[2];
			while (exo_ring_create(EXO_SPSC, 10, 0, fds) == 0)
				;
			is(errno, ENOMEM);
			struct exo_pool_class class = {1 << 20, 16, 0};
			fails(exo_pool_create(&class, 1, 0), ENOMEM);
			write(report[1], &count, sizeof count);
		});
		/* Others have their own share. */
		CHILD({
			become(1001);
			holds(rings_until_full(18) > 0);
		});
		long count = 0;
		need(read(report[0], &count, sizeof count));
		holds(count > 2 && count < 1000 && (round == 0 || count == before));
		before = count;
		close(report[0]);
		close(report[1]);
	}
	/* Small ones are counted with what the kernel has of them. */
	CHILD({
		become(1000);
		struct rlimit files = {4096, 4096};
		setrlimit(RLIMIT_NOFILE, &files);
		long count = rings_until_full(0);
		holds(count > 100 && count < MOST);
		holds(errno == EMFILE || errno == ENOMEM);
	});
}
