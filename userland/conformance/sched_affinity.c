#include "test.h"
#include <sched.h>

TEST("sched: affinity, yield, policies and priorities that root may set")
{
	cpu_set_t set, old;
	ok(sched_getaffinity(0, sizeof old, &old));
	holds(CPU_COUNT(&old) >= 1);
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	ok(sched_setaffinity(0, sizeof set, &set));
	CPU_ZERO(&old);
	ok(sched_getaffinity(0, sizeof old, &old));
	is(CPU_COUNT(&old), 1);
	is(CPU_ISSET(0, &old) != 0, 1);
	unsigned cpu = 99, node = 99;
	ok(syscall(SYS_getcpu, &cpu, &node, NULL));
	is(cpu, 0);
	CPU_ZERO(&set);
	fails(sched_setaffinity(0, sizeof set, &set), EINVAL);
	fails(sched_getaffinity(0, 1, &set), EINVAL);
	fails(syscall(SYS_sched_getaffinity, 0, 8192, (void *)8), EFAULT);
	fails(sched_setaffinity(32000000, sizeof old, &old), ESRCH);
	ok(sched_yield());
	is(sched_get_priority_max(SCHED_FIFO), 99);
	is(sched_get_priority_min(SCHED_RR), 1);
	is(sched_get_priority_max(SCHED_OTHER), 0);
	fails(sched_get_priority_max(100), EINVAL);
	is(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
	fails(syscall(SYS_sched_getscheduler, -1), EINVAL);
	fails(syscall(SYS_sched_getscheduler, 32000000), ESRCH);
}
