/* Threads that wait on one futex until they are woken, which is counted. Before it is included, WAITERS says how many. */
#ifndef FUTEX_WAITERS_H
#define FUTEX_WAITERS_H

#include <linux/futex.h>

static int word, tids[WAITERS], woken;
static pthread_t threads[WAITERS];

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

/* All of them wait when this is over. */
static void start_waiters(void)
{
	for (intptr_t i = 0; i < WAITERS; i++) {
		gives(pthread_create(&threads[i], NULL, waiter, (void *)i), 0);
		while (!__atomic_load_n(&tids[i], __ATOMIC_SEQ_CST))
			sched_yield();
		holds(await_state(tids[i], 'S'));
	}
}

#endif
