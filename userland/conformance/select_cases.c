#include "test.h"
#include <sys/select.h>

TEST("select: sets, counts, timeouts, bad arguments, high descriptors")
{
	int a[2], b[2];
	fd_set r, w, e;
	need(pipe(a));
	need(pipe(b));
	need(write(a[1], "x", 1));
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_ZERO(&e);
	FD_SET(a[0], &r);
	FD_SET(b[0], &r);
	FD_SET(b[1], &w);
	FD_SET(a[0], &e);
	struct timeval zero = {0, 0}, t = {0, 30000};
	is(select(20, &r, &w, &e, &zero), 2);
	is(FD_ISSET(a[0], &r) != 0, 1);
	is(FD_ISSET(b[0], &r) != 0, 0);
	is(FD_ISSET(b[1], &w) != 0, 1);
	is(FD_ISSET(a[0], &e) != 0, 0);
	FD_ZERO(&r);
	FD_SET(b[0], &r);
	long start = now_ms();
	is(syscall(SYS_select, 20, &r, NULL, NULL, &t), 0);
	holds(now_ms() - start >= 29);
	/* Linux leaves what is left of the time. */
	is(t.tv_sec + t.tv_usec, 0);
	is(FD_ISSET(b[0], &r) != 0, 0);
	t.tv_usec = 10000;
	is(select(0, NULL, NULL, NULL, &t), 0);
	fails(select(-1, NULL, NULL, NULL, &zero), EINVAL);
	t = (struct timeval){-1, 0};
	fails(select(0, NULL, NULL, NULL, &t), EINVAL);
	FD_ZERO(&r);
	FD_SET(a[0], &r);
	is(select(a[0], &r, NULL, NULL, &zero), 0);
	is(dup2(a[0], 900), 900);
	FD_ZERO(&r);
	FD_SET(900, &r);
	is(select(901, &r, NULL, NULL, &zero), 1);
	is(FD_ISSET(900, &r) != 0, 1);
	FD_ZERO(&r);
	FD_SET(500, &r);
	fails(select(501, &r, NULL, NULL, &zero), EBADF);
	/* The other end closed: readable, end of file. */
	close(b[1]);
	FD_ZERO(&r);
	FD_SET(b[0], &r);
	is(select(20, &r, NULL, NULL, NULL), 1);
	fails(syscall(SYS_select, 5, (void *)8, NULL, NULL, &zero), EFAULT);
}
