#include "test.h"
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_un name(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	strcpy(a.sun_path, path);
	return a;
}

TEST("unix stream sockets: socketpair, bind, listen, connect, accept, shutdown")
{
	int p[2];
	char buffer[64] = "";
	ok(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	is(write(p[0], "one", 3), 3);
	is(write(p[1], "two", 3), 3);
	is(read(p[1], buffer, 64), 3);
	is(read(p[0], buffer, 64), 3);
	text_is(buffer, "two");
	fails(recv(p[0], buffer, 64, MSG_DONTWAIT), EAGAIN);
	is(send(p[0], "peek", 4, 0), 4);
	is(recv(p[1], buffer, 2, MSG_PEEK), 2);
	is(recv(p[1], buffer, 64, 0), 4);
	ok(shutdown(p[0], SHUT_WR));
	is(read(p[1], buffer, 64), 0);
	signal(SIGPIPE, SIG_IGN);
	fails(write(p[0], "x", 1), EPIPE);
	is(write(p[1], "back", 4), 4);
	is(read(p[0], buffer, 64), 4);
	close(p[1]);
	is(read(p[0], buffer, 64), 0);
	fails(lseek(p[0], 0, SEEK_SET), ESPIPE);

	struct sockaddr_un a = name("sock"), b = name("absent");
	int l = (int)ok(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), c = (int)ok(socket(AF_UNIX, SOCK_STREAM, 0));
	fails(connect(c, (void *)&a, sizeof a), ENOENT);
	ok(bind(l, (void *)&a, sizeof a));
	fails(bind(l, (void *)&b, sizeof b), EINVAL);
	is(S_ISSOCK(mode_of("sock")), 1);
	fails(connect(c, (void *)&a, sizeof a), ECONNREFUSED);
	fails(accept(l, NULL, NULL), EINVAL);
	ok(listen(l, 2));
	ok(connect(c, (void *)&a, sizeof a));
	fails(connect(c, (void *)&a, sizeof a), EISCONN);
	struct sockaddr_un from;
	socklen_t length = sizeof from;
	int s = (int)ok(accept(l, (void *)&from, &length));
	is(length, 2);
	is(write(c, "hello", 5), 5);
	is(read(s, buffer, 64), 5);
	length = sizeof from;
	ok(getpeername(c, (void *)&from, &length));
	text_is(from.sun_path, "sock");
	length = sizeof from;
	ok(getsockname(l, (void *)&from, &length));
	is(length, 2 + 5);
	int other = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	fails(bind(other, (void *)&a, sizeof a), EADDRINUSE);
	fails(getpeername(other, (void *)&from, &length), ENOTCONN);
	fails(write(other, "x", 1), ENOTCONN);
	fails(read(other, buffer, 1), EINVAL);
	fails(listen(other, 1), EINVAL);
	ok(unlink("sock"));
	/* Gone from the name space, the connection stays. */
	fails(connect(other, (void *)&a, sizeof a), ENOENT);
	is(write(s, "still", 5), 5);
	is(read(c, buffer, 64), 5);
	fcntl(l, F_SETFL, O_NONBLOCK);
	fails(accept(l, NULL, NULL), EAGAIN);
	fails(socket(AF_UNIX, 77, 0), EINVAL);
	fails(socketpair(AF_UNIX, SOCK_STREAM, 5, p), EPROTONOSUPPORT);
	fails(bind(-1, (void *)&a, sizeof a), EBADF);
	fails(bind(0, (void *)&a, sizeof a), ENOTSOCK);
}
