#include "test.h"
static volatile int alarms;
static void on_alarm(int sig) { alarms++; }

TEST("nanosleep, clock_nanosleep: durations, absolute times, remaining time, errors")
{
	struct timespec t = {0, 20000000}, left = {9, 9};
	long start = now_ms();
	ok(nanosleep(&t, &left));
	holds(now_ms() - start >= 19);
	is(left.tv_sec, 9);
	t = (struct timespec){0, 0};
	ok(nanosleep(&t, NULL));
	t.tv_nsec = 1000000000;
	fails(nanosleep(&t, NULL), EINVAL);
	t.tv_nsec = -1;
	fails(nanosleep(&t, NULL), EINVAL);
	t = (struct timespec){-1, 0};
	fails(nanosleep(&t, NULL), EINVAL);
	fails(syscall(SYS_nanosleep, (void *)8, NULL), EFAULT);
	clock_gettime(CLOCK_MONOTONIC, &t);
	start = now_ms();
	t.tv_nsec += 20000000;
	if (t.tv_nsec >= 1000000000)
		t.tv_sec++, t.tv_nsec -= 1000000000;
	gives(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
	holds(now_ms() - start >= 19);
	/* Again: it is over. */
	gives(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
	t = (struct timespec){1, 0};
	gives(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL), 0);
	gives(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL), EINVAL);
	gives(clock_nanosleep(100, 0, &t, NULL), EINVAL);
	t = (struct timespec){0, 5000000};
	gives(clock_nanosleep(CLOCK_BOOTTIME, 0, &t, NULL), 0);
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	need(sigaction(SIGALRM, &sa, NULL));
	struct itimerval timer = {{0, 0}, {0, 20000}};
	need(setitimer(ITIMER_REAL, &timer, NULL));
	t = (struct timespec){50, 0};
	left = (struct timespec){0, 0};
	gives(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &left), EINTR);
	holds(left.tv_sec >= 40 && left.tv_sec < 50);
	need(setitimer(ITIMER_REAL, &timer, NULL));
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += 50;
	left = (struct timespec){7, 7};
	gives(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, &left), EINTR);
	is(left.tv_sec, 7);
	is(alarms, 2);
}
