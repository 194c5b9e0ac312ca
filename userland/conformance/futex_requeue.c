#include "test.h"
#include <linux/futex.h>

enum { WAITERS = 5 };
static int first, second, tids[WAITERS], woken;

static void *waiter(void *arg)
{
	__atomic_store_n(&tids[(intptr_t)arg], (int)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	while (syscall(SYS_futex, &first, FUTEX_WAIT_PRIVATE, 0, NULL) < 0 && errno == EINTR)
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

TEST("futex: REQUEUE and CMP_REQUEUE wake some and move the others")
{
	pthread_t threads[WAITERS];
	for (intptr_t i = 0; i < WAITERS; i++) {
		gives(pthread_create(&threads[i], NULL, waiter, (void *)i), 0);
		while (!__atomic_load_n(&tids[i], __ATOMIC_SEQ_CST))
			sched_yield();
		holds(await_state(tids[i], 'S'));
	}
	fails(syscall(SYS_futex, &first, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, &second, 7), EAGAIN);
	/* Both answer how many they woke or moved. */
	is(syscall(SYS_futex, &first, FUTEX_REQUEUE_PRIVATE, 1, 1, &second), 2);
	is(settled(1), 1);
	is(syscall(SYS_futex, &first, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, &second, 0), 2);
	is(settled(2), 2);
	is(syscall(SYS_futex, &second, FUTEX_WAKE_PRIVATE, 10), 2);
	is(settled(4), 4);
	is(syscall(SYS_futex, &first, FUTEX_WAKE_PRIVATE, 10), 1);
	is(settled(5), 5);
	for (int i = 0; i < WAITERS; i++)
		gives(pthread_join(threads[i], NULL), 0);
	fails(syscall(SYS_futex, &first, FUTEX_REQUEUE_PRIVATE, -1, 1, &second), EINVAL);
	fails(syscall(SYS_futex, &first, FUTEX_CMP_REQUEUE_PRIVATE, 1, -1, &second, 0), EINVAL);
	fails(syscall(SYS_futex, &first, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, (int *)9, 0), EINVAL);
}
