#include "test.h"
#include <sys/ioctl.h>
#include "unix.h"

static int option(int fd, int which)
{
	int value = -12345;
	socklen_t length = sizeof value;
	if (getsockopt(fd, SOL_SOCKET, which, &value, &length))
		return -1;
	return value;
}
static void set(int fd, int which, int value)
{
	need(setsockopt(fd, SOL_SOCKET, which, &value, sizeof value));
}

static void on_alarm(int sig) { (void)sig; }

TEST("SO_SNDBUF, SO_RCVBUF and other options; writers that wait for room; timeouts of streams")
{
	int p[2], left;
	static char block[1 << 20];
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	is(option(p[0], SO_SNDBUF), 212992);
	is(option(p[0], SO_RCVBUF), 212992);
	set(p[0], SO_SNDBUF, 20000);
	is(option(p[0], SO_SNDBUF), 40000);
	set(p[0], SO_SNDBUF, 1);
	is(option(p[0], SO_SNDBUF), 4608);
	set(p[0], SO_RCVBUF, 1);
	is(option(p[0], SO_RCVBUF), 2304);
	set(p[0], SO_RCVBUF, 10000);
	is(option(p[0], SO_RCVBUF), 20000);
	set(p[0], SO_SNDBUF, 1 << 30);
	is(option(p[0], SO_SNDBUF), 425984);
	is(option(p[0], SO_SNDLOWAT), 1);
	is(option(p[0], SO_PRIORITY), 0);
	set(p[0], SO_PRIORITY, 3);
	is(option(p[0], SO_PRIORITY), 3);
	set(p[0], SO_KEEPALIVE, 7);
	is(option(p[0], SO_KEEPALIVE), 1);
	struct linger linger = {1, 5};
	ok(setsockopt(p[0], SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
	linger = (struct linger){0, 0};
	socklen_t length = sizeof linger;
	ok(getsockopt(p[0], SOL_SOCKET, SO_LINGER, &linger, &length));
	is(linger.l_onoff, 1);
	is(linger.l_linger, 5);
	fails(setsockopt(p[0], SOL_SOCKET, SO_LINGER, &linger, 4), EINVAL);
	fails(setsockopt(p[0], SOL_SOCKET, SO_TYPE, &left, sizeof left), ENOPROTOOPT);
	fails(setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &left, 3), EINVAL);
	fails(setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, (void *)8, 4), EFAULT);
	fails(setsockopt(p[0], SOL_SOCKET, 4711, &left, sizeof left), ENOPROTOOPT);
	fails(setsockopt(p[0], 6, 1, &left, sizeof left), EOPNOTSUPP);
	length = sizeof left;
	fails(getsockopt(p[0], 6, 1, &left, &length), EOPNOTSUPP);
	/* A larger buffer takes more, none takes everything. */
	set(p[0], SO_SNDBUF, 10000);
	ssize_t small = send(p[0], block, sizeof block, MSG_DONTWAIT);
	holds(small >= 4096 && small <= 40000);
	fails(send(p[0], block, 1, MSG_DONTWAIT), EAGAIN);
	set(p[0], SO_SNDBUF, 100000);
	ssize_t more = send(p[0], block, sizeof block, MSG_DONTWAIT);
	holds(more > small && more <= 300000);
	/* Writable only once a good deal was taken out; all of it makes it so. */
	struct pollfd f = {p[0], POLLOUT, 0};
	is(poll(&f, 1, 0), 0);
	is(recv(p[1], block, 4096, 0), 4096);
	is(poll(&f, 1, 0), 0);
	ok(ioctl(p[1], FIONREAD, &left));
	holds(left == (int)(small + more - 4096));
	while (recv(p[1], block, sizeof block, MSG_DONTWAIT) > 0)
		;
	is(poll(&f, 1, 0), 1);
	/* A writer that waits goes on while somebody reads; everything arrives in order. */
	pid_t pid;
	SPAWN(pid, {
		for (size_t i = 0; i < sizeof block; i++)
			block[i] = (char)(i ^ i >> 8);
		is(write(p[0], block, sizeof block), (long)sizeof block);
		close(p[0]);
	});
	close(p[0]);
	holds(await_state(pid, 'S'));
	size_t at = 0;
	int wrong = 0;
	static char in[5000];
	ssize_t n;
	while ((n = read(p[1], in, sizeof in)) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			wrong += in[i] != (char)(at ^ at >> 8);
	is(at, sizeof block);
	is(wrong, 0);
	ends(pid, "exit 0");
	/* Timeouts. */
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	struct timeval soon = {0, 20000}, got;
	ok(setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon));
	length = sizeof got;
	ok(getsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &got, &length));
	is(got.tv_usec, 20000);
	long start = now_ms();
	fails(read(p[1], in, 1), EAGAIN);
	holds(now_ms() - start >= 19);
	/* What came is told, though the time is over. */
	need(write(p[0], "abc", 3));
	is(recv(p[1], in, 10, MSG_WAITALL), 3);
	ok(setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon));
	ssize_t first = write(p[0], block, sizeof block);
	holds(first > 0 && first < (ssize_t)sizeof block);
	fails(write(p[0], block, 1), EAGAIN);
	/* With a timeout a signal ends the wait for good. */
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	need(sigaction(SIGALRM, &sa, NULL));
	soon = (struct timeval){5, 0};
	while (recv(p[1], block, sizeof block, MSG_DONTWAIT) > 0)
		;
	ok(setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon));
	struct itimerval timer = {{0, 0}, {0, 20000}};
	need(setitimer(ITIMER_REAL, &timer, NULL));
	fails(read(p[1], in, 1), EINTR);
	/* Many small messages arrive one by one. */
	int m[2];
	need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, m));
	SPAWN(pid, {
		for (int i = 0; i < 3000; i++)
			if (send(m[0], &i, 4 + (size_t)i % 100, 0) < 4)
				_exit(1);
	});
	close(m[0]);
	int bad = 0;
	for (int i = 0; i < 3000; i++) {
		int number = -1;
		char rest[200];
		struct iovec v[2] = {{&number, 4}, {rest, sizeof rest}};
		bad += readv(m[1], v, 2) != 4 + i % 100 || number != i;
	}
	is(bad, 0);
	is(read(m[1], in, 10), 0);
	ends(pid, "exit 0");
}
