#include "hostile.h"
#include <sys/timerfd.h>

/* Timers with periods that no machine can keep up with: whoever armed them may suffer, nobody else. */

enum { MANY = 100 };
static const struct itimerspec nanosecond = {{0, 1}, {0, 1}};
static const struct itimerval microsecond = {{0, 1}, {0, 1}};
static volatile int caught;

static void handler(int sig)
{
	caught++;
}
static void block(int sig)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_BLOCK, &set, NULL);
}
static void posix_timers(int notify)
{
	for (int i = 0; i < MANY; i++) {
		struct sigevent event = {.sigev_notify = notify, .sigev_signo = SIGUSR1};
		timer_t timer;
		need(timer_create(CLOCK_MONOTONIC, &event, &timer));
		need(timer_settime(timer, 0, &nanosecond, NULL));
	}
}

static void descriptors(void)
{
	for (int i = 0; i < MANY; i++)
		need(timerfd_settime(need(timerfd_create(CLOCK_MONOTONIC, 0)), 0, &nanosecond, NULL));
}
static void descriptor_read(void)
{
	uint64_t count;
	int fd = (int)need(timerfd_create(CLOCK_MONOTONIC, 0));
	need(timerfd_settime(fd, 0, &nanosecond, NULL));
	for (int i = 0; i < 1000; i++)
		need(read(fd, &count, sizeof count) == sizeof count && count > 0 ? 0 : -1);
}
static void real_ignored(void)
{
	signal(SIGALRM, SIG_IGN);
	need(setitimer(ITIMER_REAL, &microsecond, NULL));
}
static void real_blocked(void)
{
	block(SIGALRM);
	need(setitimer(ITIMER_REAL, &microsecond, NULL));
}
static void real_handled(void)
{
	signal(SIGALRM, handler);
	need(setitimer(ITIMER_REAL, &microsecond, NULL));
	while (caught < 100)
		sched_yield();
}
static void profiling(void)
{
	signal(SIGPROF, handler);
	need(setitimer(ITIMER_PROF, &microsecond, NULL));
	while (caught < 3)
		;
}
static void posix_ignored(void)
{
	signal(SIGUSR1, SIG_IGN);
	posix_timers(SIGEV_SIGNAL);
}
static void posix_blocked(void)
{
	block(SIGUSR1);
	posix_timers(SIGEV_SIGNAL);
}
static void posix_handled(void)
{
	signal(SIGUSR1, handler);
	posix_timers(SIGEV_SIGNAL);
}
static void posix_silent(void)
{
	posix_timers(SIGEV_NONE);
}

TEST("timers that expire faster than they can be handled")
{
#define CASE(name) {#name, name}
	static const struct {
		const char *name;
		void (*arm)(void);
	} cases[] = {
		CASE(descriptors), CASE(descriptor_read), CASE(real_ignored), CASE(real_blocked), CASE(real_handled),
		CASE(profiling), CASE(posix_ignored), CASE(posix_blocked), CASE(posix_handled), CASE(posix_silent),
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		pid_t pid = start_child();
		if (pid == 0) {
			cases[i].arm();
			for (;;)
				pause();
		}
		/* This one sleeps, and gets to run again. */
		sleep_ms(60);
		note("%s", cases[i].name);
		need(kill(pid, SIGKILL));
		ends(pid, "signal SIGKILL");
	}
	still_alive();
}
