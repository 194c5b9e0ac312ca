#include "sched_attr.h"

/*
 * Programs that try to have more of a CPU than others: by sleeping just before their turn is over, by looking as if
 * they waited all the time, by handing their work to new processes, by yielding, by asking for another policy.
 */
enum { HONEST = 3, LENGTH_MS = 400 };

struct bench {
	volatile int stop, ended;
	volatile long had[HONEST + 1];
};

static struct bench *bench;

static long own_us(void)
{
	return (long)(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) / 1000);
}

/* Computes for so many microseconds of its own time; false when the time is over. */
static int compute(long us)
{
	long end = own_us() + us;
	while (own_us() < end)
		if (bench->stop)
			return 0;
	return 1;
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
}

static void before_the_turn_ends(void)
{
	while (compute(9800))
		nap();
}

static void looks_interactive(void)
{
	while (compute(2800))
		nap();
}

static void naps_all_the_time(void)
{
	while (compute(300))
		nap();
}

static void yields(void)
{
	while (compute(1000))
		sched_yield();
}

static void changes_its_policy(void)
{
	while (compute(1000)) {
		need(set_policy(0, SCHED_BATCH, 0));
		need(set_policy(0, SCHED_OTHER, 0));
	}
}

static void changes_its_nice_value(void)
{
	while (compute(1000)) {
		need(setpriority(PRIO_PROCESS, 0, 1));
		need(setpriority(PRIO_PROCESS, 0, 0));
	}
}

/* Each one works for a while and leaves the rest to a child. */
static void goes_on_in_a_child(void)
{
	while (compute(4000)) {
		pid_t child = fork();
		if (child != 0) {
			bench->had[HONEST] += own_us();
			_exit(0);
		}
	}
}

/* What the cheat had, and the honest one that had least, of what all had, in percent. */
struct shares {
	long cheat, least;
};

static struct shares share(void (*cheat)(void))
{
	bench = shared(sizeof *bench);
	pid_t pids[HONEST + 1];
	need(set_policy(0, SCHED_FIFO, 90));
	for (int i = 0; i <= HONEST; i++) {
		pids[i] = (pid_t)need(fork());
		if (pids[i] == 0) {
			need(set_policy(0, SCHED_OTHER, 0));
			if (i == HONEST)
				cheat();
			else
				while (compute(1000000))
					;
			bench->had[i] += own_us();
			__atomic_add_fetch(&bench->ended, 1, __ATOMIC_SEQ_CST);
			_exit(0);
		}
	}
	sleep_ms(LENGTH_MS);
	bench->stop = 1;
	need(set_policy(0, SCHED_OTHER, 0));
	for (int i = 0; i <= HONEST; i++)
		need(waitpid(pids[i], NULL, 0));
	while (bench->ended <= HONEST)
		sleep_ms(1);
	long all = 0, least = LONG_MAX;
	for (int i = 0; i <= HONEST; i++)
		all += bench->had[i];
	for (int i = 0; i < HONEST; i++)
		least = bench->had[i] < least ? bench->had[i] : least;
	struct shares shares = {bench->had[HONEST] * 100 / all, least * 100 / all};
	munmap(bench, sizeof *bench);
	return shares;
}

/* The cheat has so much at most, and no honest one pays for it alone. */
#define gains_at_most(most, trick)                                                                   \
	do {                                                                                         \
		struct shares shares_;                                                               \
		measured(shares_ = share(trick), shares_.cheat <= (most) && shares_.least >= 15);    \
		if (shares_.cheat > (most) || shares_.least < 15)                                    \
			note("%s: %ld %%, an honest one %ld %%", #trick, shares_.cheat, shares_.least); \
	} while (0)

TEST("programs that try to have more of a CPU than the three others")
{
	stay_on_first_cpu();
	gains_at_most(33, before_the_turn_ends);
	gains_at_most(33, looks_interactive);
	gains_at_most(33, naps_all_the_time);
	gains_at_most(33, yields);
	/* On Linux this helps somewhat. */
	gains_at_most(50, changes_its_policy);
	gains_at_most(33, changes_its_nice_value);
	gains_at_most(33, goes_on_in_a_child);
}
