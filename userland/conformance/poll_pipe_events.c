#include "test.h"
TEST("poll: the events of pipes and FIFOs at every stage")
{
	int fds[2];
	static char block[65536];
	need(pipe(fds));
	struct pollfd p[2] = {{fds[0], POLLIN, 0}, {fds[1], POLLOUT, 0}};
	is(poll(p, 2, 0), 1);
	is(p[0].revents, 0);
	is(p[1].revents, POLLOUT);
	need(write(fds[1], "x", 1));
	is(poll(p, 2, 0), 2);
	is(p[0].revents, POLLIN);
	need(write(fds[1], block, 65535));
	is(poll(p, 2, 0), 1);
	is(p[1].revents, 0);
	/* A whole free page makes it writable again. */
	need(read(fds[0], block, 10));
	is(poll(&p[1], 1, 0), 0);
	need(read(fds[0], block, 4096));
	is(poll(&p[1], 1, 0), 1);
	close(fds[1]);
	is(poll(p, 1, 0), 1);
	is(p[0].revents, POLLIN | POLLHUP);
	while (read(fds[0], block, sizeof block) > 0)
		;
	is(poll(p, 1, -1), 1);
	is(p[0].revents, POLLHUP);
	/* Not asked for, still told. */
	p[0].events = 0;
	is(poll(p, 1, 0), 1);
	is(p[0].revents, POLLHUP);
	need(pipe(fds));
	close(fds[0]);
	p[1].fd = fds[1];
	is(poll(&p[1], 1, 0), 1);
	is(p[1].revents, POLLOUT | POLLERR);
	p[1].events = 0;
	is(poll(&p[1], 1, 0), 1);
	is(p[1].revents, POLLERR);
	need(mkfifo("f", 0600));
	int r = (int)need(open("f", O_RDONLY | O_NONBLOCK));
	struct pollfd q = {r, POLLIN, 0};
	is(poll(&q, 1, 0), 0);
	int w = (int)need(open("f", O_WRONLY));
	is(poll(&q, 1, 0), 0);
	close(w);
	is(poll(&q, 1, 0), 1);
	is(q.revents, POLLHUP);
}
