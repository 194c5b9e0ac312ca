#include "test.h"
static volatile int count, code, value, overruns;
static void handler(int sig, siginfo_t *info, void *context)
{
	count++;
	code = info->si_code;
	value = info->si_value.sival_int;
}
static void arm(timer_t timer, int flags, long first_ms, long interval_ms)
{
	struct itimerspec t = {{interval_ms / 1000, interval_ms % 1000 * 1000000}, {first_ms / 1000, first_ms % 1000 * 1000000}};
	need(timer_settime(timer, flags, &t, NULL));
}

TEST("timer_create: signals with values, SIGEV_NONE, settime, gettime, overrun, delete, errors")
{
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	need(sigaction(SIGRTMIN, &sa, NULL));
	need(sigaction(SIGALRM, &sa, NULL));
	timer_t a, b, c;
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 1234};
	ok(timer_create(CLOCK_MONOTONIC, &ev, &a));
	struct itimerspec now;
	ok(timer_gettime(a, &now));
	is(now.it_value.tv_sec + now.it_value.tv_nsec, 0);
	arm(a, 0, 10, 0);
	while (!count)
		sleep_ms(1);
	is(count, 1);
	is(code, SI_TIMER);
	is(value, 1234);
	arm(a, 0, 2, 2);
	while (count < 5)
		sleep_ms(1);
	ok(timer_gettime(a, &now));
	is(now.it_interval.tv_nsec, 2000000);
	arm(a, 0, 0, 0);
	/* The default event is SIGALRM with the timer's id. */
	ok(timer_create(CLOCK_REALTIME, NULL, &b));
	count = 0;
	arm(b, 0, 5, 0);
	while (!count)
		sleep_ms(1);
	is(code, SI_TIMER);
	/* Blocked: expirations are counted as overruns of one queued signal. */
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	arm(a, 0, 5, 5);
	sleep_ms(60);
	siginfo_t info;
	is(sigwaitinfo(&set, &info) == SIGRTMIN, 1);
	holds(timer_getoverrun(a) >= 5);
	arm(a, 0, 0, 0);
	/* Absolute. */
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	arm(a, TIMER_ABSTIME, at.tv_sec * 1000 + at.tv_nsec / 1000000 + 10, 0);
	is(sigwaitinfo(&set, &info) == SIGRTMIN, 1);
	ev.sigev_notify = SIGEV_NONE;
	ok(timer_create(CLOCK_MONOTONIC, &ev, &c));
	arm(c, 0, 100000, 0);
	ok(timer_gettime(c, &now));
	holds(now.it_value.tv_sec >= 98 && now.it_value.tv_sec <= 100);
	ok(timer_delete(c));
	ok(timer_delete(b));
	fails(syscall(SYS_timer_gettime, 99999, &now), EINVAL);
	fails(syscall(SYS_timer_delete, 99999), EINVAL);
	fails(syscall(SYS_timer_settime, 99999, 0, &now, NULL), EINVAL);
	struct itimerspec bad = {{0, 0}, {0, 1000000000}};
	fails(timer_settime(a, 0, &bad, NULL), EINVAL);
	fails(timer_create(100, NULL, &b), EINVAL);
	ev.sigev_notify = 77;
	fails(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &b), EINVAL);
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = 100;
	fails(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &b), EINVAL);
	/* Not inherited by fork. */
	int id = 0;
	need(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
	CHILD(fails(syscall(SYS_timer_gettime, id, &now), EINVAL));
}
