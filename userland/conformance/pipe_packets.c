#include "test.h"
#include <sys/ioctl.h>

TEST("O_DIRECT pipes: each write of up to PIPE_BUF is a packet")
{
	int fds[2], left;
	static char block[70000];
	char b[64];
	need(pipe2(fds, O_DIRECT | O_NONBLOCK));
	holds(fcntl(fds[1], F_GETFL) & O_DIRECT);
	is(write(fds[1], "one", 3), 3);
	is(write(fds[1], "second", 6), 6);
	is(write(fds[1], "", 0), 0);
	is(write(fds[1], "3", 1), 1);
	ok(ioctl(fds[0], FIONREAD, &left));
	is(left, 10);
	is(read(fds[0], b, 64), 3);
	/* What does not fit is lost. */
	is(read(fds[0], b, 2), 2);
	is(memcmp(b, "se", 2), 0);
	is(read(fds[0], b, 64), 1);
	is(b[0], '3');
	fails(read(fds[0], b, 64), EAGAIN);
	/* Larger writes are several packets of a page. */
	is(write(fds[1], block, 10000), 10000);
	is(read(fds[0], block, sizeof block), 4096);
	is(read(fds[0], block, sizeof block), 4096);
	is(read(fds[0], block, sizeof block), 10000 - 8192);
	/* As many packets as pages, whatever is in them. */
	int n = 0;
	while (write(fds[1], "p", 1) == 1)
		n++;
	is(n, 16);
	is(errno, EAGAIN);
	is(read(fds[0], b, 64), 1);
	is(write(fds[1], "p", 1), 1);
	for (n = 0; read(fds[0], b, 64) == 1; n++)
		;
	is(n, 16);
	/* The flag can be set and taken away. */
	int flags = fcntl(fds[1], F_GETFL);
	ok(fcntl(fds[1], F_SETFL, flags & ~O_DIRECT));
	is(write(fds[1], "a", 1), 1);
	is(write(fds[1], "b", 1), 1);
	is(read(fds[0], b, 64), 2);
	is(write(fds[1], "a", 1), 1);
	ok(fcntl(fds[1], F_SETFL, flags));
	is(write(fds[1], "b", 1), 1);
	is(write(fds[1], "c", 1), 1);
	/* Behind bytes that are no packet there are none. */
	is(read(fds[0], b, 64), 3);
	is(write(fds[1], "d", 1), 1);
	is(write(fds[1], "e", 1), 1);
	is(read(fds[0], b, 64), 1);
	is(read(fds[0], b, 64), 1);
	/* Two reads of a vector are one. */
	struct iovec v[2] = {{b, 2}, {b + 8, 2}};
	is(write(fds[1], "12345", 5), 5);
	is(readv(fds[0], v, 2), 4);
	fails(readv(fds[0], v, 2), EAGAIN);
}
