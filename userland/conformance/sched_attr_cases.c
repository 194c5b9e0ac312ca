#include "sched_attr.h"

static void show(void)
{
	struct attr a = get_attr();
	note("size %u policy %u flags %llu nice %d priority %u runtime %llu deadline %llu period %llu", a.size, a.policy,
	     (unsigned long long)a.flags, a.nice, a.priority, (unsigned long long)a.runtime,
	     (unsigned long long)a.deadline, (unsigned long long)a.period);
}

TEST("sched_setattr, sched_getattr: sizes, flags, deadlines and who may have them")
{
	/* Sizes: what is beyond what the kernel knows must be zero. */
	char bytes[5000] = {0};
	struct attr *attr = (struct attr *)bytes;
	ok(syscall(SYS_sched_setattr, 0, (long)attr, 0));
	is(attr->size, 0);
	for (uint32_t size = 1; size < 48; size += 23) {
		attr->size = size;
		fails(syscall(SYS_sched_setattr, 0, (long)attr, 0), E2BIG);
		is(attr->size, 56);
	}
	attr->size = 200;
	ok(syscall(SYS_sched_setattr, 0, (long)attr, 0));
	bytes[199] = 1;
	fails(syscall(SYS_sched_setattr, 0, (long)attr, 0), E2BIG);
	is(attr->size, 56);
	attr->size = 4097;
	fails(syscall(SYS_sched_setattr, 0, (long)attr, 0), E2BIG);
	is(attr->size, 56);
	memset(bytes, 0x55, sizeof bytes);
	fails(syscall(SYS_sched_getattr, 0, (long)attr, 47, 0), EINVAL);
	ok(syscall(SYS_sched_getattr, 0, (long)attr, 48, 0));
	is(attr->size, 48);
	is(bytes[48], 0x55);
	ok(syscall(SYS_sched_getattr, 0, (long)attr, 100, 0));
	is(attr->size, 56);
	is(bytes[56], 0x55);
	fails(syscall(SYS_sched_getattr, 0, (long)attr, 4097, 0), EINVAL);
	fails(syscall(SYS_sched_getattr, 0, (long)attr, 48, 1), EINVAL);
	fails(syscall(SYS_sched_getattr, -1, (long)attr, 48, 0), EINVAL);
	fails(syscall(SYS_sched_getattr, 30000000, (long)attr, 48, 0), ESRCH);
	fails(syscall(SYS_sched_getattr, 0, NULL, 48, 0), EINVAL);
	fails(syscall(SYS_sched_getattr, 0, 8, 48, 0), EFAULT);
	memset(bytes, 0, sizeof bytes);
	fails(syscall(SYS_sched_setattr, 0, (long)attr, 1), EINVAL);
	fails(syscall(SYS_sched_setattr, -1, (long)attr, 0), EINVAL);
	fails(syscall(SYS_sched_setattr, 30000000, (long)attr, 0), ESRCH);
	fails(syscall(SYS_sched_setattr, 0, NULL, 0), EINVAL);
	fails(syscall(SYS_sched_setattr, 0, 8, 0), EFAULT);

	/* What each policy takes. */
	ok(set_attr(.policy = SCHED_OTHER, .nice = 5));
	show();
	ok(set_attr(.policy = SCHED_OTHER, .nice = 50));
	show();
	ok(set_attr(.policy = SCHED_BATCH, .nice = 4));
	show();
	ok(set_attr(.policy = SCHED_IDLE, .nice = 6));
	show();
	ok(set_attr(.policy = SCHED_FIFO, .nice = 7, .priority = 10));
	show();
	ok(set_attr(.policy = SCHED_RR, .priority = 10, .flags = FLAG_RESET_ON_FORK));
	show();
	CHILD(show());
	fails(set_attr(.policy = SCHED_OTHER, .priority = 1), EINVAL);
	fails(set_attr(.policy = SCHED_FIFO), EINVAL);
	fails(set_attr(.policy = SCHED_FIFO, .priority = 100), EINVAL);
	fails(set_attr(.policy = 4), EINVAL);
	fails(set_attr(.policy = 0x80000000u), EINVAL);
	fails(set_attr(.flags = FLAG_CLAMP_MIN), EINVAL);
	fails(try_attr((struct attr){.size = 56, .flags = FLAG_CLAMP_MIN}), EOPNOTSUPP);
	fails(set_attr(.flags = 0x80), EINVAL);
	ok(set_attr(.policy = SCHED_OTHER, .priority = 3, .flags = FLAG_KEEP_POLICY));
	show();
	ok(set_attr(.policy = SCHED_RR, .nice = 9, .flags = FLAG_KEEP_PARAMS));
	show();
	ok(set_attr(.policy = SCHED_OTHER));

	/* Deadlines. */
	fails(set_attr(.policy = SCHED_DEADLINE, .runtime = MS), EINVAL);
	fails(set_attr(.policy = SCHED_DEADLINE, .runtime = 1023, .deadline = 10 * MS), EINVAL);
	fails(set_attr(.policy = SCHED_DEADLINE, .runtime = 1024, .deadline = 99999), EINVAL);
	fails(set_attr(.policy = SCHED_DEADLINE, .runtime = MS, .deadline = MS, .period = 5000 * MS), EINVAL);
	fails(set_attr(.policy = SCHED_DEADLINE, .runtime = 2 * MS, .deadline = MS, .period = 5 * MS), EINVAL);
	fails(set_attr(.policy = SCHED_DEADLINE, .runtime = MS, .deadline = 6 * MS, .period = 5 * MS), EINVAL);
	fails(set_attr(.policy = SCHED_DEADLINE, .runtime = MS, .deadline = 1ull << 63), EINVAL);
	fails(set_attr(.policy = SCHED_DEADLINE, .priority = 1, .runtime = MS, .deadline = 5 * MS), EINVAL);
	ok(set_attr(.policy = SCHED_DEADLINE, .runtime = 1024, .deadline = 100000));
	show();
	ok(set_attr(.policy = SCHED_DEADLINE, .runtime = MS, .deadline = 5 * MS, .period = 10 * MS,
		    .flags = FLAG_RECLAIM));
	show();
	is(get_policy(0), SCHED_DEADLINE);
	fails(fork(), EAGAIN);
	cpu_set_t all;
	need(sched_getaffinity(0, sizeof all, &all));
	ok(sched_setaffinity(0, sizeof all, &all));
	fails(set_policy(0, SCHED_DEADLINE, 0), EINVAL);
	ok(set_attr(.policy = SCHED_DEADLINE, .runtime = MS, .deadline = 10 * MS, .flags = FLAG_RESET_ON_FORK));
	CHILD(show());
	/* 95 % of a CPU can be reserved, and what is given back can be had again. */
	fails(set_attr(.policy = SCHED_DEADLINE, .runtime = 96 * MS, .deadline = 100 * MS), EBUSY);
	ok(set_attr(.policy = SCHED_DEADLINE, .runtime = 94 * MS, .deadline = 100 * MS));
	ok(set_attr(.policy = SCHED_OTHER, .nice = 0));
	/* Linux gives it back when the period is over. */
	sleep_ms(200);
	for (int i = 0; i < 3; i++, sleep_ms(200))
		CHILD({
			need(set_attr(.policy = SCHED_DEADLINE, .runtime = 90 * MS, .deadline = 100 * MS));
			is(get_policy(0), SCHED_DEADLINE);
		});
	show();
	CHILD({
		become(1000);
		fails(set_attr(.policy = SCHED_DEADLINE, .runtime = MS, .deadline = 10 * MS), EPERM);
		fails(set_attr(.policy = SCHED_OTHER, .nice = -1), EPERM);
		ok(set_attr(.policy = SCHED_OTHER, .nice = 3));
		fails(set_attr(.policy = SCHED_OTHER, .nice = 2), EPERM);
		ok(set_attr(.policy = SCHED_BATCH, .nice = 3));
		ok(set_attr(.policy = SCHED_IDLE, .nice = 3));
		fails(set_attr(.policy = SCHED_OTHER, .nice = 3), EPERM);
	});
}
