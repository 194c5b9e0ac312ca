/* sched_setattr(2) and sched_getattr(2), for which musl has no functions, and threads that are busy for a while. */
#ifndef EXO_SCHED_ATTR_H
#define EXO_SCHED_ATTR_H

#include "test.h"

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif
#define FLAG_RESET_ON_FORK 1
#define FLAG_RECLAIM 2
#define FLAG_KEEP_POLICY 8
#define FLAG_KEEP_PARAMS 16
#define FLAG_CLAMP_MIN 32

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

#define MS 1000000ull
#define set_attr(...) try_attr((struct attr){.size = 48, __VA_ARGS__})
#define set_policy(pid, policy, prio)                                                                \
	syscall(SYS_sched_setscheduler, pid, policy, (long)&(struct sched_param){.sched_priority = prio})
#define get_policy(pid) syscall(SYS_sched_getscheduler, pid)

static UNUSED long try_attr(struct attr attr)
{
	return syscall(SYS_sched_setattr, 0, (long)&attr, 0);
}

static UNUSED struct attr get_attr(void)
{
	struct attr attr;
	memset(&attr, 0xaa, sizeof attr);
	need(syscall(SYS_sched_getattr, 0, (long)&attr, sizeof attr, 0));
	return attr;
}

/* All on one CPU, so that one waits while another runs. */
static UNUSED void stay_on_first_cpu(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	need(sched_setaffinity(0, sizeof set, &set));
}

static UNUSED long long nanoseconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* Computes until so much time passed. */
static UNUSED void spin_ms(long ms)
{
	long long end = nanoseconds(CLOCK_MONOTONIC) + ms * 1000000ll;
	while (nanoseconds(CLOCK_MONOTONIC) < end)
		;
}

/* Memory that children share. */
static UNUSED void *shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		need(-1);
	return memory;
}

#endif
