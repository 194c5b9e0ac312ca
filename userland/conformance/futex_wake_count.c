#include "test.h"

enum { WAITERS = 6 };
#include "futex_waiters.h"

TEST("futex: WAKE wakes as many as asked and says how many")
{
	start_waiters();
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
