#include "test.h"
#include <sys/times.h>

static void *spin(void *arg)
{
	struct timespec t;
	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	while (t.tv_sec == 0 && t.tv_nsec < 30000000);
	clockid_t id;
	pthread_getcpuclockid(pthread_self(), &id);
	clock_gettime(id, &t);
	return (void *)(intptr_t)(t.tv_nsec >= 30000000 || t.tv_sec > 0);
}

TEST("CPU clocks of processes and threads, times, clock")
{
	struct timespec a, b;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	sleep_ms(50);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	/* Sleeping costs nothing. */
	holds((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 40);
	pthread_t thread;
	void *result;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	need(-pthread_create(&thread, NULL, spin, NULL));
	need(-pthread_join(thread, &result));
	is((intptr_t)result, 1);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	holds((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 25);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	holds(b.tv_sec > 0 || b.tv_nsec >= 30000000);
	clockid_t id;
	gives(clock_getcpuclockid(0, &id), 0);
	ok(clock_gettime(id, &a));
	/* The process clock of another one that does not exist. */
	fails(syscall(SYS_clock_gettime, (-30000000 - 1) * 8 + 2, &a), EINVAL);
	struct tms t;
	ok(times(&t));
	holds(t.tms_utime + t.tms_stime >= 2);
	is(t.tms_cutime + t.tms_cstime, 0);
	holds(clock() >= 30000);
	fails(syscall(SYS_times, (void *)8), EFAULT);
	ok(syscall(SYS_times, NULL) > 0 ? 0 : -1);
}
