#include "test.h"
#include <sys/ioctl.h>
#include "unix.h"

TEST("MSG_OOB on unix streams: the urgent byte, the mark, SO_OOBINLINE")
{
	int p[2], on = 1, mark;
	char b[64];
	need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p));
	fails(recv(p[1], b, 1, MSG_OOB), EINVAL);
	fails(send(p[0], b, 0, MSG_OOB), EOPNOTSUPP);
	/* The last byte is urgent. */
	is(send(p[0], "abc", 3, MSG_OOB), 3);
	struct pollfd f = {p[1], POLLIN | POLLPRI, 0};
	is(poll(&f, 1, 0), 1);
	is(f.revents, POLLIN | POLLPRI);
	is(recv(p[1], b, 1, MSG_OOB), 1);
	is(b[0], 'c');
	fails(recv(p[1], b, 1, MSG_OOB), EINVAL);
	is(poll(&f, 1, 0), 1);
	is(f.revents, POLLIN);
	is(recv(p[1], b, 64, 0), 2);
	fails(recv(p[1], b, 64, 0), EAGAIN);
	/* A read stops before it, and the next one passes it by. */
	is(send(p[0], "12", 2, 0), 2);
	is(send(p[0], "3", 1, MSG_OOB), 1);
	is(send(p[0], "45", 2, 0), 2);
	ok(ioctl(p[1], SIOCATMARK, &mark));
	is(mark, 0);
	is(recv(p[1], b, 64, 0), 2);
	ok(ioctl(p[1], SIOCATMARK, &mark));
	is(mark, 1);
	is(recv(p[1], b, 1, MSG_OOB | MSG_PEEK), 1);
	is(b[0], '3');
	is(recv(p[1], b, 64, 0), 2);
	is(memcmp(b, "45", 2), 0);
	fails(recv(p[1], b, 1, MSG_OOB), EINVAL);
	/* Among the others. */
	ok(setsockopt(p[1], SOL_SOCKET, SO_OOBINLINE, &on, sizeof on));
	is(send(p[0], "xy", 2, MSG_OOB), 2);
	fails(recv(p[1], b, 1, MSG_OOB), EINVAL);
	is(recv(p[1], b, 64, 0), 1);
	is(recv(p[1], b, 64, 0), 1);
	is(b[0], 'y');
}
