#include "test.h"
#include <sys/epoll.h>
#include "unix.h"

static int epoll;

static void watch(int fd, unsigned events)
{
	struct epoll_event e = {.events = events | EPOLLET, .data.fd = fd};
	need(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e));
}

/* What is told now, and once only. */
static void edges(const char *what)
{
	struct epoll_event e[4];
	int n = epoll_wait(epoll, e, 4, 0);
	unsigned all = 0;
	for (int i = 0; i < n; i++)
		all |= e[i].events;
	note("%s:%s%s%s%s%s%s", what, all & EPOLLIN ? " IN" : "", all & EPOLLOUT ? " OUT" : "",
	     all & EPOLLRDHUP ? " RDHUP" : "", all & EPOLLHUP ? " HUP" : "", all & EPOLLERR ? " ERR" : "",
	     all ? "" : " nothing");
}

TEST("edge-triggered epoll on pipes, FIFOs and sockets: an edge for every change, and no other")
{
	int fds[2], p[2];
	static char block[1 << 20];
	epoll = (int)need(epoll_create1(0));
	need(pipe2(fds, O_NONBLOCK));
	watch(fds[0], EPOLLIN | EPOLLRDHUP);
	edges("reader at first");
	need(write(fds[1], "ab", 2));
	edges("a write");
	edges("again");
	need(write(fds[1], "c", 1));
	edges("another write, nothing read");
	need(read(fds[0], block, 1));
	edges("a part is read");
	need(read(fds[0], block, 10));
	edges("the rest is read");
	need(write(fds[1], "d", 1));
	need(write(fds[1], "e", 1));
	edges("two writes");
	close(fds[1]);
	edges("the writer goes");
	need(read(fds[0], block, 10));
	edges("empty and ended");
	close(fds[0]);
	need(pipe2(fds, O_NONBLOCK));
	watch(fds[1], EPOLLOUT);
	edges("writer at first");
	need(write(fds[1], block, 10));
	edges("after a write");
	while (write(fds[1], block, 4096) > 0)
		;
	edges("full");
	need(read(fds[0], block, 10));
	need(read(fds[0], block, 65536));
	edges("read");
	need(write(fds[1], block, 10));
	need(read(fds[0], block, 65536));
	edges("read when it was not full");
	close(fds[0]);
	edges("the reader goes");
	close(fds[1]);
	/* Streams. */
	need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p));
	watch(p[0], EPOLLIN | EPOLLRDHUP);
	edges("stream at first");
	need(write(p[1], "ab", 2));
	edges("a write");
	edges("again");
	need(write(p[1], "c", 1));
	edges("another write");
	need(read(p[0], block, 10));
	edges("read");
	need(write(p[1], "d", 1));
	edges("a write");
	need(read(p[0], block, 10));
	need(shutdown(p[1], SHUT_WR));
	edges("shut");
	need(shutdown(p[0], SHUT_WR));
	edges("shut both ways");
	close(p[1]);
	edges("closed");
	close(p[0]);
	need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p));
	watch(p[0], EPOLLOUT);
	edges("stream writer at first");
	while (write(p[0], block, sizeof block) > 0)
		;
	edges("full");
	need(read(p[1], block, 100));
	edges("a little read");
	while (read(p[1], block, sizeof block) > 0)
		;
	edges("all read");
	close(p[1]);
	edges("closed");
	close(p[0]);
	/* Connecting. */
	struct sockaddr_un a = unix_name("l");
	int l = (int)need(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)), c = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	need(bind(l, (void *)&a, sizeof a));
	need(listen(l, 4));
	watch(l, EPOLLIN);
	edges("listener at first");
	need(connect(c, (void *)&a, sizeof a));
	edges("a connection");
	int c2 = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	need(connect(c2, (void *)&a, sizeof a));
	edges("another");
	close((int)need(accept(l, NULL, NULL)));
	close((int)need(accept(l, NULL, NULL)));
	edges("accepted");
	/* A FIFO: readers come and go. */
	need(mkfifo("f", 0600));
	int r = (int)need(open("f", O_RDONLY | O_NONBLOCK));
	watch(r, EPOLLIN);
	edges("FIFO without a writer");
	int w = (int)need(open("f", O_WRONLY));
	edges("a writer comes");
	need(write(w, "x", 1));
	edges("writes");
	close(w);
	edges("goes");
	need(read(r, block, 10));
	w = (int)need(open("f", O_WRONLY));
	edges("another comes");
	close(w);
	edges("goes");
}
