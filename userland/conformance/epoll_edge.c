#include "test.h"
#include <sys/epoll.h>

TEST("epoll: EPOLLET tells changes only, EPOLLONESHOT once, EPOLLRDHUP")
{
	int ep = (int)need(epoll_create1(0)), fds[2];
	char c[16];
	need(pipe2(fds, O_NONBLOCK));
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET}, got[4];
	ok(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev));
	is(epoll_wait(ep, got, 4, 0), 0);
	need(write(fds[1], "ab", 2));
	is(epoll_wait(ep, got, 4, 0), 1);
	is(epoll_wait(ep, got, 4, 0), 0);
	/* Reading a part is no new edge, writing more is. */
	need(read(fds[0], c, 1));
	is(epoll_wait(ep, got, 4, 0), 0);
	need(write(fds[1], "c", 1));
	is(epoll_wait(ep, got, 4, 0), 1);
	is(epoll_wait(ep, got, 4, 0), 0);
	/* Modifying looks at the state again. */
	ok(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &ev));
	is(epoll_wait(ep, got, 4, 0), 1);
	/* Added while ready: an edge. */
	int other = (int)need(epoll_create1(0));
	ok(epoll_ctl(other, EPOLL_CTL_ADD, fds[0], &ev));
	is(epoll_wait(other, got, 4, 0), 1);
	ev.events = EPOLLIN | EPOLLONESHOT;
	ok(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &ev));
	is(epoll_wait(ep, got, 4, 0), 1);
	is(epoll_wait(ep, got, 4, 0), 0);
	need(write(fds[1], "d", 1));
	is(epoll_wait(ep, got, 4, 0), 0);
	ok(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &ev));
	is(epoll_wait(ep, got, 4, 0), 1);
	close(fds[1]);
	/* A fired one-shot does not even tell a hang-up. */
	is(epoll_wait(ep, got, 4, 0), 0);
	is(epoll_wait(other, got, 4, 0), 1);
	is(got[0].events, EPOLLIN | EPOLLHUP);
	/* The write side. */
	need(pipe2(fds, O_NONBLOCK));
	ev.events = EPOLLOUT | EPOLLET;
	ok(epoll_ctl(ep, EPOLL_CTL_ADD, fds[1], &ev));
	is(epoll_wait(ep, got, 4, 0), 1);
	static char block[65536];
	need(write(fds[1], block, sizeof block));
	is(epoll_wait(ep, got, 4, 0), 0);
	need(read(fds[0], block, sizeof block));
	is(epoll_wait(ep, got, 4, 0), 1);
	is(got[0].events, EPOLLOUT);
}
