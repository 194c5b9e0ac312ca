#include "test.h"
static volatile int calls;
static void handler(int sig) { calls++; }

TEST("alarm, ualarm-like timers and pause")
{
	signal(SIGALRM, handler);
	is(alarm(0), 0);
	is(alarm(100), 0);
	unsigned left = alarm(50);
	holds(left == 100 || left == 99);
	left = alarm(0);
	holds(left == 50 || left == 49);
	struct itimerval timer = {{0, 0}, {0, 20000}};
	ok(setitimer(ITIMER_REAL, &timer, NULL));
	/* alarm and ITIMER_REAL are the same timer; less than a second counts as one. */
	is(alarm(0), 1);
	ok(setitimer(ITIMER_REAL, &timer, NULL));
	fails(pause(), EINTR);
	is(calls, 1);
	pid_t pid;
	SPAWN(pid, {
		signal(SIGALRM, SIG_DFL);
		timer.it_value.tv_usec = 5000;
		need(setitimer(ITIMER_REAL, &timer, NULL));
		pause();
	});
	ends(pid, "signal SIGALRM");
}
