#include "sched_attr.h"

TEST("sched_setscheduler, sched_setparam: ranges, permissions, limits, inheritance")
{
	for (int policy = 0; policy <= 7; policy++) {
		int max = sched_get_priority_max(policy), min = sched_get_priority_min(policy);
		note("policy %d: %d to %d", policy, min, max);
	}
	struct sched_param param = {.sched_priority = 99};
	is(get_policy(0), SCHED_OTHER);
	ok(set_policy(0, SCHED_FIFO, 1));
	is(get_policy(0), SCHED_FIFO);
	ok(syscall(SYS_sched_getparam, 0, (long)&param));
	is(param.sched_priority, 1);
	ok(set_policy(0, SCHED_RR, 99));
	is(get_policy(0), SCHED_RR);
	struct timespec turn;
	ok(syscall(SYS_sched_rr_get_interval, 0, (long)&turn));
	is(turn.tv_sec * 1000 + turn.tv_nsec / 1000000, 100);
	param.sched_priority = 40;
	ok(syscall(SYS_sched_setparam, 0, (long)&param));
	is(get_policy(0), SCHED_RR);
	ok(syscall(SYS_sched_getparam, 0, (long)&param));
	is(param.sched_priority, 40);
	param.sched_priority = 0;
	fails(syscall(SYS_sched_setparam, 0, (long)&param), EINVAL);

	fails(set_policy(0, SCHED_FIFO, 0), EINVAL);
	fails(set_policy(0, SCHED_FIFO, 100), EINVAL);
	fails(set_policy(0, SCHED_FIFO, -1), EINVAL);
	fails(set_policy(0, SCHED_OTHER, 1), EINVAL);
	fails(set_policy(0, SCHED_DEADLINE, 0), EINVAL);
	fails(set_policy(0, 4, 0), EINVAL);
	fails(set_policy(0, 7, 0), EINVAL);
	fails(set_policy(0, -1, 0), EINVAL);
	fails(set_policy(-1, SCHED_OTHER, 0), EINVAL);
	fails(set_policy(30000000, SCHED_OTHER, 0), ESRCH);
	fails(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL), EINVAL);
	fails(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, (void *)8), EFAULT);
	fails(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
	fails(syscall(SYS_sched_getparam, -1, (long)&param), EINVAL);
	fails(syscall(SYS_sched_rr_get_interval, -1, (long)&turn), EINVAL);

	/* What a child inherits: everything, or with the flag nothing that is worth having. */
	CHILD({
		is(get_policy(0), SCHED_RR);
		ok(syscall(SYS_sched_getparam, 0, (long)&param));
		is(param.sched_priority, 40);
	});
	ok(set_policy(0, SCHED_FIFO | SCHED_RESET_ON_FORK, 7));
	is(get_policy(0) == (SCHED_FIFO | SCHED_RESET_ON_FORK), 1);
	CHILD({
		is(get_policy(0), SCHED_OTHER);
		is(getpriority(PRIO_PROCESS, 0), 0);
	});
	ok(set_policy(0, SCHED_BATCH | SCHED_RESET_ON_FORK, 0));
	ok(setpriority(PRIO_PROCESS, 0, -5));
	CHILD({
		is(get_policy(0), SCHED_BATCH);
		is(getpriority(PRIO_PROCESS, 0), 0);
	});
	ok(setpriority(PRIO_PROCESS, 0, 0));
	ok(set_policy(0, SCHED_OTHER, 0));

	/* Without the privilege the limit says how far it goes. */
	CHILD({
		become(1000);
		fails(set_policy(0, SCHED_FIFO, 1), EPERM);
		fails(set_policy(getppid(), SCHED_BATCH, 0), EPERM);
		ok(set_policy(0, SCHED_BATCH, 0));
		ok(set_policy(0, SCHED_IDLE, 0));
		fails(set_policy(0, SCHED_OTHER, 0), EPERM);
	});
	CHILD({
		need(setrlimit(RLIMIT_RTPRIO, &(struct rlimit){5, 5}));
		need(setrlimit(RLIMIT_NICE, &(struct rlimit){25, 25}));
		become(1000);
		fails(set_policy(0, SCHED_FIFO, 6), EPERM);
		ok(set_policy(0, SCHED_FIFO, 5));
		ok(set_policy(0, SCHED_RR, 4));
		ok(set_policy(0, SCHED_OTHER, 0));
		ok(setpriority(PRIO_PROCESS, 0, -5));
		fails(setpriority(PRIO_PROCESS, 0, -6), EACCES);
		ok(set_policy(0, SCHED_IDLE, 0));
		ok(set_policy(0, SCHED_OTHER, 0));
		ok(set_policy(0, SCHED_OTHER | SCHED_RESET_ON_FORK, 0));
		fails(set_policy(0, SCHED_OTHER, 0), EPERM);
	});
	/* A priority above the limit may be kept and lowered, not raised. */
	CHILD({
		ok(set_policy(0, SCHED_FIFO, 50));
		become(1000);
		ok(set_policy(0, SCHED_FIFO, 50));
		ok(set_policy(0, SCHED_FIFO, 20));
		fails(set_policy(0, SCHED_FIFO, 21), EPERM);
		fails(set_policy(0, SCHED_RR, 20), EPERM);
		ok(set_policy(0, SCHED_OTHER, 0));
		fails(set_policy(0, SCHED_FIFO, 1), EPERM);
	});
	/* Of a thread of its own. */
	CHILD({
		need(set_policy(0, SCHED_FIFO, 3));
		char text[600] = {0};
		int fd = open("/proc/self/stat", O_RDONLY);
		need(read(fd, text, sizeof text - 1));
		char *at = strrchr(text, ')');
		for (int field = 2; at && field < 18; field++)
			at = strchr(at + 1, ' ');
		is(atoi(at + 1), -4);
		for (int field = 18; at && field < 40; field++)
			at = strchr(at + 1, ' ');
		is(atoi(at + 1), 3);
		at = strchr(at + 1, ' ');
		is(atoi(at + 1), SCHED_FIFO);
	});
}
