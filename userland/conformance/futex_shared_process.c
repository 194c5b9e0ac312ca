#include "test.h"
#include <linux/futex.h>

TEST("futex: shared words meet across processes and across mappings of one file")
{
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	need(ftruncate(fd, 4096));
	int *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int *b = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int *anon = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t waiter;
	SPAWN(waiter, is(syscall(SYS_futex, &a[3], FUTEX_WAIT, 0, NULL), 0));
	holds(await_state(waiter, 'S'));
	is(syscall(SYS_futex, &b[4], FUTEX_WAKE, 1), 0);
	is(syscall(SYS_futex, &b[3], FUTEX_WAKE_PRIVATE, 1), 0);
	is(syscall(SYS_futex, &b[3], FUTEX_WAKE, 10), 1);
	ends(waiter, "exit 0");
	SPAWN(waiter, is(syscall(SYS_futex, anon, FUTEX_WAIT, 0, NULL), 0));
	holds(await_state(waiter, 'S'));
	is(syscall(SYS_futex, anon, FUTEX_WAKE, 10), 1);
	ends(waiter, "exit 0");
	/* Private memory after fork: the same address is another word. */
	int *private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*private = 0;
	struct timespec t = {0, 100000000};
	SPAWN(waiter, fails(syscall(SYS_futex, private, FUTEX_WAIT, 0, &t), ETIMEDOUT));
	holds(await_state(waiter, 'S'));
	is(syscall(SYS_futex, private, FUTEX_WAKE, 10), 0);
	ends(waiter, "exit 0");
}
