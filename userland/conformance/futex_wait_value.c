#include "test.h"
#include <linux/futex.h>

static int word;

TEST("futex: WAIT compares first, WAKE without waiters wakes none")
{
	word = 5;
	fails(syscall(SYS_futex, &word, FUTEX_WAIT, 4, NULL), EAGAIN);
	fails(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 6, NULL), EAGAIN);
	is(syscall(SYS_futex, &word, FUTEX_WAKE, 1), 0);
	is(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX), 0);
	fails(syscall(SYS_futex, (char *)&word + 1, FUTEX_WAIT, 5, NULL), EINVAL);
	fails(syscall(SYS_futex, (char *)&word + 2, FUTEX_WAKE, 1), EINVAL);
	fails(syscall(SYS_futex, (int *)8, FUTEX_WAIT, 5, NULL), EFAULT);
	fails(syscall(SYS_futex, (int *)0xffff800000000000, FUTEX_WAIT, 5, NULL), EFAULT);
	fails(syscall(SYS_futex, &word, 100, 5, NULL), ENOSYS);
	fails(syscall(SYS_futex, &word, FUTEX_WAIT, 5, (struct timespec *)8), EFAULT);
	struct timespec bad = {0, 1000000000}, negative = {-1, 0}, zero = {0, 0};
	fails(syscall(SYS_futex, &word, FUTEX_WAIT, 5, &bad), EINVAL);
	fails(syscall(SYS_futex, &word, FUTEX_WAIT, 5, &negative), EINVAL);
	fails(syscall(SYS_futex, &word, FUTEX_WAIT, 5, &zero), ETIMEDOUT);
	fails(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0), EINVAL);
	fails(syscall(SYS_futex, &word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
}
