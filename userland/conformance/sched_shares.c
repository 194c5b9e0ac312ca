#include "sched_attr.h"

/* Runs some threads of computing on one CPU for a while; tells how many milliseconds each had. */
struct worker {
	struct attr attr;
	long had;
};

static void compete(struct worker *workers, int count, long ms)
{
	pid_t pids[8];
	struct worker *all = shared(sizeof *all * (size_t)count);
	volatile int *stop = shared(sizeof *stop);
	cpu_set_t everywhere;
	memset(&everywhere, 0xff, sizeof everywhere);
	memcpy(all, workers, sizeof *all * (size_t)count);
	/* The parent comes before all others, to stop them in time. */
	need(set_policy(0, SCHED_FIFO, 90));
	for (int i = 0; i < count; i++) {
		pids[i] = (pid_t)need(fork());
		if (pids[i] == 0) {
			/* Who has a deadline may be anywhere. */
			if (all[i].attr.policy == SCHED_DEADLINE)
				need(sched_setaffinity(0, sizeof everywhere, &everywhere));
			need(syscall(SYS_sched_setattr, 0, (long)&all[i].attr, 0));
			while (!*stop)
				;
			all[i].had = (long)(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) / 1000000);
			_exit(0);
		}
	}
	sleep_ms(ms);
	*stop = 1;
	need(set_policy(0, SCHED_OTHER, 0));
	for (int i = 0; i < count; i++)
		need(waitpid(pids[i], NULL, 0));
	memcpy(workers, all, sizeof *all * (size_t)count);
	munmap(all, sizeof *all * (size_t)count);
}

static int is_about(long value, long wanted, long slack)
{
	return labs(value - wanted) <= slack;
}

#define WORKER(...) {.attr = {.size = 48, __VA_ARGS__}}
#define COUNT(list) (int)(sizeof list / sizeof *list)

/* Lets them compete, until the condition holds. */
#define competed(list, ms, ...)                                                                      \
	do {                                                                                         \
		measured(compete(list, COUNT(list), ms), __VA_ARGS__);                               \
		if (!(__VA_ARGS__))                                                                  \
			for (int i_ = 0; i_ < COUNT(list); i_++)                                     \
				note("%s[%d] had %ld ms", #list, i_, (list)[i_].had);                \
	} while (0)

TEST("nice values, SCHED_IDLE, SCHED_RR, SCHED_DEADLINE: who gets how much of a CPU")
{
	stay_on_first_cpu();
	struct worker equal[] = {WORKER(), WORKER(), WORKER()};
	competed(equal, 600,
		 is_about(equal[0].had, 200, 40) && is_about(equal[1].had, 200, 40) && is_about(equal[2].had, 200, 40));

	/* Each step is worth a quarter more: 5 steps are 3 : 1. */
	struct worker nice_ones[] = {WORKER(.nice = 0), WORKER(.nice = 5)};
	competed(nice_ones, 800, is_about(nice_ones[0].had, 603, 60) && is_about(nice_ones[1].had, 197, 60));
	struct worker modest[] = {WORKER(.nice = -10), WORKER(.nice = 10)};
	competed(modest, 600, modest[0].had > 540);
	struct worker batch[] = {WORKER(.policy = SCHED_BATCH), WORKER()};
	competed(batch, 400, is_about(batch[0].had, 200, 40));
	struct worker idle[] = {WORKER(.policy = SCHED_IDLE), WORKER()};
	competed(idle, 600, idle[1].had > 540);

	/* Real time comes before all, in turns of 100 ms. */
	struct worker turns[] = {WORKER(.policy = SCHED_RR, .priority = 5), WORKER(.policy = SCHED_RR, .priority = 5),
				 WORKER(.nice = -20)};
	competed(turns, 800,
		 is_about(turns[0].had, 400, 110) && is_about(turns[1].had, 400, 110) && turns[2].had < 100);

	/* A deadline guarantees its share, and no more while others want to run. */
	struct worker reserved[] = {WORKER(.policy = SCHED_DEADLINE, .runtime = 6 * MS, .deadline = 20 * MS), WORKER()};
	competed(reserved, 600, is_about(reserved[0].had, 180, 30) && reserved[1].had > 360);
}
