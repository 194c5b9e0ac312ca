#include "test.h"
#include <sys/epoll.h>

TEST("epoll: EPOLLEXCLUSIVE wakes few of many waiters, without it all are told")
{
	int fds[2];
	need(pipe(fds));
	for (int exclusive = 1; exclusive >= 0; exclusive--) {
		pid_t pids[4];
		int woken[2];
		need(pipe(woken));
		struct gate stop = new_gate();
		for (int i = 0; i < 4; i++)
			SPAWN(pids[i], {
				int ep = (int)need(epoll_create1(0));
				struct epoll_event ev = {.events = EPOLLIN | (exclusive ? EPOLLEXCLUSIVE : 0)}, got;
				need(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev));
				if (epoll_wait(ep, &got, 1, 30000) == 1)
					need(write(woken[1], "w", 1));
				wait_gate(stop);
			});
		for (int i = 0; i < 4; i++)
			need(await_state(pids[i], 'S') ? 0 : -1);
		need(write(fds[1], "x", 1));
		int count = 0;
		struct pollfd p = {woken[0], POLLIN, 0};
		char c;
		while (count < 4 && poll(&p, 1, 200) == 1) {
			need(read(woken[0], &c, 1));
			count++;
		}
		if (exclusive)
			holds(count >= 1 && count < 4);
		else
			is(count, 4);
		need(read(fds[0], &c, 1));
		for (int i = 0; i < 4; i++) {
			kill(pids[i], SIGKILL);
			waitpid(pids[i], NULL, 0);
		}
	}
}
