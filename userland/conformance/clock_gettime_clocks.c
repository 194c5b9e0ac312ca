#include "test.h"
TEST("clock_gettime: every clock, monotony, agreement, errors")
{
	static const struct { clockid_t id; const char *name; } clocks[] = {
		{CLOCK_REALTIME, "REALTIME"}, {CLOCK_MONOTONIC, "MONOTONIC"}, {CLOCK_PROCESS_CPUTIME_ID, "PROCESS_CPUTIME"},
		{CLOCK_THREAD_CPUTIME_ID, "THREAD_CPUTIME"}, {CLOCK_MONOTONIC_RAW, "MONOTONIC_RAW"},
		{CLOCK_REALTIME_COARSE, "REALTIME_COARSE"}, {CLOCK_MONOTONIC_COARSE, "MONOTONIC_COARSE"}, {CLOCK_BOOTTIME, "BOOTTIME"},
	};
	for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
		struct timespec last = {0, 0}, t;
		int back = 0;
		for (int j = 0; j < 2000; j++) {
			if (clock_gettime(clocks[i].id, &t) < 0)
				break;
			back += t.tv_sec < last.tv_sec || (t.tv_sec == last.tv_sec && t.tv_nsec < last.tv_nsec);
			back += t.tv_nsec < 0 || t.tv_nsec >= 1000000000;
			last = t;
		}
		printf("%s backwards %d\n", clocks[i].name, back);
		is(back, 0);
		/* The same through a trap as through the vDSO. */
		struct timespec raw;
		ok(syscall(SYS_clock_gettime, clocks[i].id, &raw));
		holds(raw.tv_sec - t.tv_sec <= 1 && t.tv_sec <= raw.tv_sec);
	}
	struct timespec t;
	fails(clock_gettime(100, &t), EINVAL);
	fails(syscall(SYS_clock_gettime, 100, &t), EINVAL);
	fails(syscall(SYS_clock_gettime, CLOCK_REALTIME, (void *)8), EFAULT);
	struct timeval tv;
	clock_gettime(CLOCK_REALTIME, &t);
	ok(gettimeofday(&tv, NULL));
	holds(tv.tv_sec - t.tv_sec <= 1 && tv.tv_sec >= t.tv_sec);
	time_t now = time(NULL);
	holds(now - tv.tv_sec <= 1 && now >= tv.tv_sec - 1);
	holds(now > 1600000000);
	struct timespec m, b;
	clock_gettime(CLOCK_MONOTONIC, &m);
	clock_gettime(CLOCK_BOOTTIME, &b);
	holds(b.tv_sec >= m.tv_sec);
	fails(syscall(SYS_gettimeofday, (void *)8, NULL), EFAULT);
}
