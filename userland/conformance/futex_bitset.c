#include "test.h"
#include <linux/futex.h>

static int word, ready[3];
static int order[3], count;

static void *waiter(void *arg)
{
	intptr_t i = (intptr_t)arg;
	__atomic_store_n(&ready[i], (int)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	while (syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, 1 << i) < 0 && errno == EINTR)
		;
	order[__atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST)] = (int)i;
	return NULL;
}

TEST("futex: WAKE_BITSET wakes only those whose bits meet")
{
	pthread_t threads[3];
	for (intptr_t i = 0; i < 3; i++) {
		gives(pthread_create(&threads[i], NULL, waiter, (void *)i), 0);
		while (!__atomic_load_n(&ready[i], __ATOMIC_SEQ_CST))
			sched_yield();
		holds(await_state(ready[i], 'S'));
	}
	is(syscall(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 8), 0);
	is(syscall(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 2), 1);
	gives(pthread_join(threads[1], NULL), 0);
	is(order[0], 1);
	is(syscall(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 4 | 8), 1);
	gives(pthread_join(threads[2], NULL), 0);
	is(order[1], 2);
	/* A plain wake matches every bit. */
	is(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 10), 1);
	gives(pthread_join(threads[0], NULL), 0);
	is(order[2], 0);
}
