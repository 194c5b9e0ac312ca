#include "test.h"
#include "unix.h"

static int new_socket(int type)
{
	return (int)need(socket(AF_UNIX, type, 0));
}

TEST("connect, listen, accept: backlog, refusals, timeouts, listeners that go")
{
	char b[16];
	struct sockaddr_un a = unix_name("l"), other = unix_name("d");
	int l = new_socket(SOCK_STREAM), c[8], on;
	need(bind(l, (void *)&a, sizeof a));
	fails(listen(-1, 1), EBADF);
	fails(accept(l, NULL, NULL), EINVAL);
	for (int i = 0; i < 8; i++)
		c[i] = new_socket(SOCK_STREAM | SOCK_NONBLOCK);
	fails(connect(c[0], (void *)&a, sizeof a), ECONNREFUSED);
	/* One more than the backlog waits. */
	ok(listen(l, 1));
	ok(connect(c[0], (void *)&a, sizeof a));
	ok(connect(c[1], (void *)&a, sizeof a));
	fails(connect(c[2], (void *)&a, sizeof a), EAGAIN);
	ok(listen(l, 2));
	ok(connect(c[2], (void *)&a, sizeof a));
	fails(connect(c[3], (void *)&a, sizeof a), EAGAIN);
	/* What is sent before it is accepted arrives. */
	is(write(c[0], "early", 5), 5);
	struct pollfd f = {l, POLLIN | POLLOUT, 0};
	is(poll(&f, 1, 0), 1);
	is(f.revents, POLLIN);
	int s = (int)ok(accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
	is(fcntl(s, F_GETFD), FD_CLOEXEC);
	holds(fcntl(s, F_GETFL) & O_NONBLOCK);
	is(read(s, b, 16), 5);
	fails(syscall(SYS_accept4, l, NULL, NULL, 1), EINVAL);
	fails(read(l, b, 1), EINVAL);
	fails(write(l, b, 1), ENOTCONN);
	fails(connect(l, (void *)&a, sizeof a), EINVAL);
	fails(connect(c[0], (void *)&a, sizeof a), EISCONN);
	/* A connect that waits goes on when one is accepted; or its time is over. */
	need(connect(c[3], (void *)&a, sizeof a));
	pid_t pid;
	SPAWN(pid, {
		int w = new_socket(SOCK_STREAM);
		ok(connect(w, (void *)&a, sizeof a));
		is(write(w, "late", 4), 4);
	});
	holds(await_state(pid, 'S'));
	struct timeval soon = {0, 20000};
	int w = new_socket(SOCK_STREAM);
	ok(setsockopt(w, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon));
	fails(connect(w, (void *)&a, sizeof a), EAGAIN);
	int accepted[4];
	for (int i = 0; i < 3; i++)
		accepted[i] = (int)ok(accept(l, NULL, NULL));
	ends(pid, "exit 0");
	accepted[3] = (int)ok(accept(l, NULL, NULL));
	is(read(accepted[3], b, 16), 4);
	ok(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon));
	fails(accept(l, NULL, NULL), EAGAIN);
	/* Another type. */
	int q = new_socket(SOCK_SEQPACKET), d = new_socket(SOCK_DGRAM);
	fails(connect(q, (void *)&a, sizeof a), EPROTOTYPE);
	fails(connect(d, (void *)&a, sizeof a), EPROTOTYPE);
	need(bind(d, (void *)&other, sizeof other));
	fails(listen(d, 1), EOPNOTSUPP);
	fails(accept(d, NULL, NULL), EOPNOTSUPP);
	fails(connect(c[4], (void *)&other, sizeof other), EPROTOTYPE);
	/* Connected ones cannot listen. */
	fails(listen(c[0], 1), EINVAL);
	/* Shut for receiving: refused, and accept ends. */
	int l2 = new_socket(SOCK_STREAM);
	struct sockaddr_un a2 = unix_name("l2");
	need(bind(l2, (void *)&a2, sizeof a2));
	need(listen(l2, 4));
	need(connect(c[4], (void *)&a2, sizeof a2));
	ok(shutdown(l2, SHUT_RD));
	fails(connect(c[5], (void *)&a2, sizeof a2), ECONNREFUSED);
	ok(accept(l2, NULL, NULL));
	fails(accept(l2, NULL, NULL), EINVAL);
	/* The listener goes: those who wait to be accepted are reset. */
	int l3 = new_socket(SOCK_STREAM);
	struct sockaddr_un a3 = unix_name("l3");
	need(bind(l3, (void *)&a3, sizeof a3));
	need(listen(l3, 4));
	need(connect(c[5], (void *)&a3, sizeof a3));
	is(write(c[5], "never read", 10), 10);
	close(l3);
	struct pollfd g = {c[5], POLLIN | POLLOUT | POLLRDHUP, 0};
	is(poll(&g, 1, 0), 1);
	is(g.revents, POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
	socklen_t length = sizeof on;
	ok(getsockopt(c[5], SOL_SOCKET, SO_ERROR, &on, &length));
	is(on, ECONNRESET);
	is(read(c[5], b, 16), 0);
	/* A process that waits in connect when the listener goes is refused. */
	int l4 = new_socket(SOCK_STREAM);
	struct sockaddr_un a4 = unix_name("l4");
	need(bind(l4, (void *)&a4, sizeof a4));
	need(listen(l4, 0));
	need(connect(c[6], (void *)&a4, sizeof a4));
	struct gate open = new_gate();
	SPAWN(pid, {
		close(l4);
		pass_gate(open);
		int v = new_socket(SOCK_STREAM);
		fails(connect(v, (void *)&a4, sizeof a4), ECONNREFUSED);
	});
	wait_gate(open);
	holds(await_state(pid, 'S'));
	close(l4);
	ends(pid, "exit 0");
	/* Options that tell. */
	length = sizeof on;
	ok(getsockopt(l, SOL_SOCKET, SO_ACCEPTCONN, &on, &length));
	is(on, 1);
	ok(getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &on, &length));
	is(on, 0);
	ok(getsockopt(q, SOL_SOCKET, SO_TYPE, &on, &length));
	is(on, SOCK_SEQPACKET);
	ok(getsockopt(q, SOL_SOCKET, SO_DOMAIN, &on, &length));
	is(on, AF_UNIX);
}
