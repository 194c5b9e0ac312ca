#include "test.h"
#include <sys/epoll.h>

TEST("epoll: level-triggered events, data, several descriptors, fairness of maxevents")
{
	int ep = (int)ok(epoll_create1(EPOLL_CLOEXEC)), fds[5][2];
	is(fcntl(ep, F_GETFD), FD_CLOEXEC);
	struct epoll_event ev, got[8];
	for (int i = 0; i < 5; i++) {
		need(pipe(fds[i]));
		ev.events = EPOLLIN;
		ev.data.u64 = 1000 + (uint64_t)i;
		ok(epoll_ctl(ep, EPOLL_CTL_ADD, fds[i][0], &ev));
	}
	is(epoll_wait(ep, got, 8, 0), 0);
	need(write(fds[3][1], "x", 1));
	is(epoll_wait(ep, got, 8, -1), 1);
	is(got[0].events, EPOLLIN);
	is(got[0].data.u64, 1003);
	/* It stays ready until it is read. */
	is(epoll_wait(ep, got, 8, 0), 1);
	char c;
	need(read(fds[3][0], &c, 1));
	is(epoll_wait(ep, got, 8, 0), 0);
	for (int i = 0; i < 5; i++)
		need(write(fds[i][1], "x", 1));
	is(epoll_wait(ep, got, 8, 0), 5);
	/* With room for two at a time everybody's turn comes. */
	int seen[5] = {0};
	for (int i = 0; i < 5; i++) {
		is(epoll_wait(ep, got, 2, 0), 2);
		seen[got[0].data.u64 - 1000]++;
		seen[got[1].data.u64 - 1000]++;
	}
	for (int i = 0; i < 5; i++)
		is(seen[i], 2);
	close(fds[0][1]);
	need(read(fds[0][0], &c, 1));
	is(epoll_wait(ep, got, 1, 0), 1);
	for (int i = 1; i < 5; i++)
		need(read(fds[i][0], &c, 1));
	is(epoll_wait(ep, got, 8, 0), 1);
	is(got[0].events, EPOLLHUP);
	is(got[0].data.u64, 1000);
	/* Closing the descriptor takes it out. */
	close(fds[0][0]);
	is(epoll_wait(ep, got, 8, 0), 0);
	long start = now_ms();
	is(epoll_wait(ep, got, 8, 20), 0);
	holds(now_ms() - start >= 19);
}
