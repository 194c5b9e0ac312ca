#include "test.h"
static volatile int counts[65];
static void handler(int sig) { counts[sig]++; }

TEST("setitimer, getitimer: real, virtual, profiling, intervals, errors")
{
	struct itimerval t = {{0, 5000}, {0, 5000}}, old;
	signal(SIGALRM, handler);
	signal(SIGVTALRM, handler);
	signal(SIGPROF, handler);
	ok(getitimer(ITIMER_REAL, &old));
	is(old.it_value.tv_sec + old.it_value.tv_usec + old.it_interval.tv_usec, 0);
	ok(setitimer(ITIMER_REAL, &t, NULL));
	while (counts[SIGALRM] < 3)
		pause();
	ok(getitimer(ITIMER_REAL, &old));
	is(old.it_interval.tv_usec, 5000);
	holds(old.it_value.tv_usec <= 5000);
	memset(&t, 0, sizeof t);
	ok(setitimer(ITIMER_REAL, &t, &old));
	is(old.it_interval.tv_usec, 5000);
	int seen = counts[SIGALRM];
	sleep_ms(20);
	is(counts[SIGALRM] == seen, 1);
	/* The virtual timer runs only while we run. */
	t.it_value.tv_usec = 20000;
	ok(setitimer(ITIMER_VIRTUAL, &t, NULL));
	sleep_ms(60);
	is(counts[SIGVTALRM], 0);
	while (!counts[SIGVTALRM])
		;
	is(counts[SIGVTALRM], 1);
	ok(setitimer(ITIMER_PROF, &t, NULL));
	while (!counts[SIGPROF])
		;
	is(counts[SIGPROF], 1);
	t.it_value.tv_usec = 1000000;
	fails(setitimer(ITIMER_REAL, &t, NULL), EINVAL);
	t.it_value.tv_usec = -1;
	fails(setitimer(ITIMER_REAL, &t, NULL), EINVAL);
	fails(setitimer(5, &t, NULL), EINVAL);
	fails(getitimer(5, &t), EINVAL);
	fails(syscall(SYS_getitimer, ITIMER_REAL, (void *)8), EFAULT);
	fails(syscall(SYS_setitimer, ITIMER_REAL, (void *)8, NULL), EFAULT);
	/* A value of zero with an interval is disarmed. */
	t = (struct itimerval){{1, 0}, {0, 0}};
	ok(setitimer(ITIMER_REAL, &t, NULL));
	ok(getitimer(ITIMER_REAL, &old));
	is(old.it_value.tv_sec + old.it_value.tv_usec, 0);
}
