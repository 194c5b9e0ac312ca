#include "test.h"
#include <sys/timerfd.h>

static struct itimerspec ms(long first, long interval)
{
	return (struct itimerspec){{interval / 1000, interval % 1000 * 1000000}, {first / 1000, first % 1000 * 1000000}};
}

TEST("timerfd: reading, blocking, polling, absolute times, errors")
{
	uint64_t n = 0;
	int fd = (int)ok(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)), blocking = (int)ok(timerfd_create(CLOCK_REALTIME, 0));
	is(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fails(read(fd, &n, 8), EAGAIN);
	struct itimerspec t = ms(10, 0), old;
	ok(timerfd_settime(fd, 0, &t, NULL));
	fails(read(fd, &n, 8), EAGAIN);
	struct pollfd p = {fd, POLLIN, 0};
	is(poll(&p, 1, 0), 0);
	is(poll(&p, 1, 2000), 1);
	is(p.revents, POLLIN);
	fails(read(fd, &n, 4), EINVAL);
	is(read(fd, &n, 8), 8);
	is(n, 1);
	fails(read(fd, &n, 8), EAGAIN);
	t = ms(5, 5);
	ok(timerfd_settime(fd, 0, &t, NULL));
	sleep_ms(60);
	is(read(fd, &n, 8), 8);
	holds(n >= 8);
	ok(timerfd_gettime(fd, &old));
	is(old.it_interval.tv_nsec, 5000000);
	t = ms(0, 0);
	ok(timerfd_settime(fd, 0, &t, &old));
	is(old.it_interval.tv_nsec, 5000000);
	ok(timerfd_gettime(fd, &old));
	is(old.it_value.tv_sec + old.it_value.tv_nsec, 0);
	/* Setting it forgets what had expired. */
	t = ms(1, 0);
	ok(timerfd_settime(fd, 0, &t, NULL));
	sleep_ms(5);
	t = ms(10000, 0);
	ok(timerfd_settime(fd, 0, &t, NULL));
	fails(read(fd, &n, 8), EAGAIN);
	t = ms(10, 0);
	ok(timerfd_settime(blocking, 0, &t, NULL));
	is(read(blocking, &n, 8), 8);
	is(n, 1);
	/* An absolute time in the past has expired at once. */
	t = ms(1000, 0);
	ok(timerfd_settime(blocking, TFD_TIMER_ABSTIME, &t, NULL));
	is(read(blocking, &n, 8), 8);
	t.it_value.tv_nsec = 1000000000;
	fails(timerfd_settime(fd, 0, &t, NULL), EINVAL);
	fails(timerfd_settime(fd, 0x100, &old, NULL), EINVAL);
	fails(timerfd_create(CLOCK_THREAD_CPUTIME_ID, 0), EINVAL);
	fails(timerfd_create(CLOCK_MONOTONIC, 0x1), EINVAL);
	fails(timerfd_settime(0, 0, &old, NULL), EINVAL);
	fails(timerfd_gettime(-1, &old), EBADF);
	fails(write(fd, &n, 8), EINVAL);
	/* Shared with a child. */
	t = ms(10, 0);
	ok(timerfd_settime(blocking, 0, &t, NULL));
	CHILD(is(read(blocking, &n, 8), 8));
	ok(timerfd_gettime(blocking, &old));
	is(old.it_value.tv_nsec, 0);
}
