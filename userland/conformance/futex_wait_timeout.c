#include "test.h"
#include <linux/futex.h>

static int word;

static struct timespec after(clockid_t clock, long ms)
{
	struct timespec t;
	clock_gettime(clock, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

TEST("futex: relative and absolute timeouts on both clocks")
{
	struct timespec t = {0, 30000000};
	long start = now_ms();
	fails(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &t), ETIMEDOUT);
	holds(now_ms() - start >= 29);
	t = after(CLOCK_MONOTONIC, 30);
	start = now_ms();
	fails(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &t, NULL, ~0U), ETIMEDOUT);
	holds(now_ms() - start >= 29);
	t = after(CLOCK_REALTIME, 30);
	start = now_ms();
	fails(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &t, NULL, ~0U), ETIMEDOUT);
	holds(now_ms() - start >= 28);
	/* An absolute time in the past ends at once. */
	t = (struct timespec){1, 0};
	fails(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, &t, NULL, 1), ETIMEDOUT);
	fails(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &t, NULL, 1), ETIMEDOUT);
	fails(syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1), ENOSYS);
	/* The word itself is untouched by all of it. */
	is(word, 0);
}
