#include "test.h"
#include "unix.h"

static volatile int pipes;
static void on_pipe(int sig) { pipes++; }

static void events(const char *what, int fd)
{
	struct pollfd f = {fd, POLLIN | POLLOUT | POLLRDHUP | POLLPRI, 0};
	poll(&f, 1, 0);
	note("%s:%s%s%s%s%s", what, f.revents & POLLIN ? " IN" : "", f.revents & POLLOUT ? " OUT" : "",
	     f.revents & POLLRDHUP ? " RDHUP" : "", f.revents & POLLHUP ? " HUP" : "", f.revents & POLLERR ? " ERR" : "");
}

TEST("shutdown and close: halves, EPIPE and SIGPIPE, ECONNRESET, ECONNREFUSED, by type")
{
	int p[2], value;
	char b[64];
	pid_t pid;
	socklen_t length = sizeof value;
	signal(SIGPIPE, on_pipe);
	/* Streams. */
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	need(write(p[0], "before", 6));
	ok(shutdown(p[0], SHUT_WR));
	fails(write(p[0], "x", 1), EPIPE);
	is(pipes, 1);
	fails(send(p[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	is(pipes, 1);
	events("writer", p[0]);
	events("reader", p[1]);
	is(read(p[1], b, 64), 6);
	is(read(p[1], b, 64), 0);
	is(write(p[1], "answer", 6), 6);
	is(read(p[0], b, 64), 6);
	ok(shutdown(p[0], SHUT_RD));
	is(read(p[0], b, 64), 0);
	fails(send(p[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	events("both shut", p[0]);
	events("both shut, other side", p[1]);
	fails(shutdown(p[0], 3), EINVAL);
	ok(shutdown(p[0], SHUT_RDWR));
	/* What lies there is still read after the receiving half is shut. */
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	need(write(p[0], "kept", 4));
	ok(shutdown(p[1], SHUT_RD));
	is(read(p[1], b, 64), 4);
	is(read(p[1], b, 64), 0);
	/* Closed with unread bytes: reset once, then the end. */
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	need(write(p[0], "unread", 6));
	need(write(p[1], "sent", 4));
	close(p[1]);
	events("reset", p[0]);
	is(read(p[0], b, 64), 4);
	fails(read(p[0], b, 64), ECONNRESET);
	is(read(p[0], b, 64), 0);
	events("after the reset", p[0]);
	fails(send(p[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	need(write(p[0], "unread", 6));
	close(p[1]);
	ok(getsockopt(p[0], SOL_SOCKET, SO_ERROR, &value, &length));
	is(value, ECONNRESET);
	ok(getsockopt(p[0], SOL_SOCKET, SO_ERROR, &value, &length));
	is(value, 0);
	/* Closed without: only the end. */
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	need(write(p[1], "last", 4));
	close(p[1]);
	events("closed", p[0]);
	is(read(p[0], b, 64), 4);
	is(read(p[0], b, 64), 0);
	/* Those who sleep are woken. */
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	SPAWN(pid, {
		close(p[0]);
		is(read(p[1], b, 64), 0);
	});
	holds(await_state(pid, 'S'));
	need(shutdown(p[0], SHUT_WR));
	ends(pid, "exit 0");
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	static char block[1 << 20];
	SPAWN(pid, {
		close(p[0]);
		long n = send(p[1], block, sizeof block, MSG_NOSIGNAL);
		holds(n > 0 && n < (long)sizeof block);
		/* That it was reset ended the call above, and is not told again. */
		fails(send(p[1], block, 1, MSG_NOSIGNAL), EPIPE);
	});
	holds(await_state(pid, 'S'));
	close(p[0]);
	ends(pid, "exit 0");
	/* A message of no bytes is none. */
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	is(send(p[0], b, 0, 0), 0);
	fails(recv(p[1], b, 64, MSG_DONTWAIT), EAGAIN);
	/* Sequenced packets: no signal. */
	pipes = 0;
	need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p));
	need(write(p[0], "one", 3));
	ok(shutdown(p[0], SHUT_WR));
	fails(write(p[0], "x", 1), EPIPE);
	fails(send(p[0], "x", 1, 0), EPIPE);
	is(pipes, 0);
	events("packets, writer", p[0]);
	is(read(p[1], b, 64), 3);
	is(read(p[1], b, 64), 0);
	is(recv(p[1], b, 64, MSG_DONTWAIT), 0);
	need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p));
	need(write(p[0], "unread", 6));
	need(write(p[1], "sent", 4));
	close(p[1]);
	events("packets, reset", p[0]);
	fails(read(p[0], b, 64), ECONNRESET);
	is(read(p[0], b, 64), 4);
	is(read(p[0], b, 64), 0);
	fails(write(p[0], "x", 1), EPIPE);
	int fresh = (int)need(socket(AF_UNIX, SOCK_SEQPACKET, 0));
	fails(read(fresh, b, 1), ENOTCONN);
	fails(write(fresh, b, 1), ENOTCONN);
	events("packets, fresh", fresh);
	ok(shutdown(fresh, SHUT_RD));
	/* Datagrams. */
	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	ok(shutdown(p[0], SHUT_WR));
	fails(write(p[0], "x", 1), EPIPE);
	is(write(p[1], "y", 1), 1);
	events("datagrams", p[0]);
	ok(shutdown(p[0], SHUT_RD));
	fails(write(p[1], "y", 1), EPIPE);
	is(recv(p[0], b, 64, MSG_DONTWAIT), 1);
	fails(recv(p[0], b, 64, MSG_DONTWAIT), EAGAIN);
	is(recv(p[0], b, 64, 0), 0);
	is(pipes, 0);
	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	need(write(p[1], "left", 4));
	close(p[1]);
	events("datagrams, closed", p[0]);
	is(read(p[0], b, 64), 4);
	fails(write(p[0], "x", 1), ECONNREFUSED);
	fails(write(p[0], "x", 1), ENOTCONN);
}
