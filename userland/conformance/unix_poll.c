#include "test.h"
#include <sys/socket.h>

TEST("poll on stream sockets: readable, writable, half closed, closed")
{
	int p[2];
	static char block[1 << 20];
	need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p));
	struct pollfd f = {p[0], POLLIN | POLLOUT | POLLRDHUP, 0};
	is(poll(&f, 1, 0), 1);
	is(f.revents, POLLOUT);
	need(write(p[1], "x", 1));
	is(poll(&f, 1, 0), 1);
	is(f.revents, POLLIN | POLLOUT);
	need(read(p[0], block, 1));
	while (write(p[0], block, sizeof block) > 0)
		;
	is(poll(&f, 1, 0), 0);
	fails(write(p[0], block, 1), EAGAIN);
	while (read(p[1], block, sizeof block) > 0)
		;
	is(poll(&f, 1, 0), 1);
	need(shutdown(p[1], SHUT_WR));
	is(poll(&f, 1, 0), 1);
	is(f.revents, POLLIN | POLLOUT | POLLRDHUP);
	close(p[1]);
	is(poll(&f, 1, 0), 1);
	is(f.revents, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
}
