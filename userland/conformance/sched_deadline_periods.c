#include "sched_attr.h"

/* How long that many periods take. */
static long periods(int count)
{
	sched_yield();
	long start = now_ms();
	for (int i = 0; i < count; i++)
		sched_yield();
	return now_ms() - start;
}

/* How long so much work takes. */
static long work(long long amount)
{
	sched_yield();
	long start = now_ms();
	long long had = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
	while (nanoseconds(CLOCK_THREAD_CPUTIME_ID) - had < amount)
		;
	return now_ms() - start;
}

TEST("SCHED_DEADLINE: sched_yield waits for the next period; real time leaves a little to the others")
{
	stay_on_first_cpu();
	cpu_set_t all;
	CPU_ZERO(&all);
	for (int i = 0; i < 64; i++)
		CPU_SET(i, &all);
	need(sched_setaffinity(0, sizeof all, &all));

	/* Twenty periods of 10 ms. */
	long took;
	ok(set_attr(.policy = SCHED_DEADLINE, .runtime = 2 * MS, .deadline = 10 * MS));
	measured(took = periods(20), took >= 190 && took <= 215);
	/* A budget that is used up ends the same way: 10 ms of work take five periods. */
	measured(took = work(10 * MS), took >= 38 && took <= 65);
	ok(set_attr(.policy = SCHED_OTHER));

	/* Who computes in real time without end does not stop the others for good. */
	stay_on_first_cpu();
	volatile int *stop = shared(sizeof *stop);
	pid_t hog;
	SPAWN(hog, {
		need(set_policy(0, SCHED_FIFO, 99));
		long start = now_ms();
		while (!*stop && now_ms() - start < 6000)
			;
		holds(*stop);
	});
	long start = now_ms();
	while (now_ms() - start < 1300)
		;
	*stop = 1;
	ends(hog, "exit 0");
}
