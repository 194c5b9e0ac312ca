#include "test.h"
#include <linux/futex.h>

enum { WAITERS = 6 };
static int word;
static int tids[WAITERS], woken;

static void *waiter(void *arg)
{
	__atomic_store_n(&tids[(intptr_t)arg], (int)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	while (syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL) < 0 && errno == EINTR)
		;
	__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static int settled(int wanted)
{
	for (int i = 0; i < 2000 && __atomic_load_n(&woken, __ATOMIC_SEQ_CST) != wanted; i++)
		sleep_ms(1);
	return __atomic_load_n(&woken, __ATOMIC_SEQ_CST);
}

TEST("futex: WAKE wakes as many as asked and says how many")
{
	pthread_t threads[WAITERS];
	for (intptr_t i = 0; i < WAITERS; i++) {
		gives(pthread_create(&threads[i], NULL, waiter, (void *)i), 0);
		while (!__atomic_load_n(&tids[i], __ATOMIC_SEQ_CST))
			sched_yield();
		holds(await_state(tids[i], 'S'));
	}
	is(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1), 1);
	is(settled(1), 1);
	is(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 2), 2);
	is(settled(3), 3);
	/* A shared wake does not find private waiters. */
	is(syscall(SYS_futex, &word, FUTEX_WAKE, 10), 0);
	is(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX), 3);
	is(settled(6), 6);
	is(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1), 0);
	for (int i = 0; i < WAITERS; i++)
		gives(pthread_join(threads[i], NULL), 0);
}
