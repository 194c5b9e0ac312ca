#include "test.h"

enum { WAITERS = 5 };
#include "futex_waiters.h"
static int second;

TEST("futex: REQUEUE and CMP_REQUEUE wake some and move the others")
{
	start_waiters();
	fails(syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, &second, 7), EAGAIN);
	/* Both answer how many they woke or moved. */
	is(syscall(SYS_futex, &word, FUTEX_REQUEUE_PRIVATE, 1, 1, &second), 2);
	is(settled(1), 1);
	is(syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, &second, 0), 2);
	is(settled(2), 2);
	is(syscall(SYS_futex, &second, FUTEX_WAKE_PRIVATE, 10), 2);
	is(settled(4), 4);
	is(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 10), 1);
	is(settled(5), 5);
	for (int i = 0; i < WAITERS; i++)
		gives(pthread_join(threads[i], NULL), 0);
	fails(syscall(SYS_futex, &word, FUTEX_REQUEUE_PRIVATE, -1, 1, &second), EINVAL);
	fails(syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 1, -1, &second, 0), EINVAL);
	fails(syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1, (int *)9, 0), EINVAL);
}
