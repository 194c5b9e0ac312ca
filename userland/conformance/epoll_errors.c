#include "test.h"
#include <sys/epoll.h>

TEST("epoll: errors, what can't be watched, nesting and loops")
{
	int ep = (int)need(epoll_create1(0)), fds[2], file = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	struct epoll_event ev = {.events = EPOLLIN}, got[2];
	need(pipe(fds));
	fails(epoll_create1(1), EINVAL);
	fails(syscall(SYS_epoll_create, 0), EINVAL);
	fails(syscall(SYS_epoll_create, -1), EINVAL);
	ok(syscall(SYS_epoll_create, 1));
	fails(epoll_ctl(-1, EPOLL_CTL_ADD, fds[0], &ev), EBADF);
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, -1, &ev), EBADF);
	fails(epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], &ev), EINVAL);
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev), EINVAL);
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, file, &ev), EPERM);
	fails(epoll_ctl(ep, 99, fds[0], &ev), EINVAL);
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], (void *)8), EFAULT);
	fails(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &ev), ENOENT);
	fails(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], &ev), ENOENT);
	ok(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev));
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev), EEXIST);
	/* A copy of the descriptor is another entry. */
	int twin = dup(fds[0]);
	ok(epoll_ctl(ep, EPOLL_CTL_ADD, twin, &ev));
	ok(epoll_ctl(ep, EPOLL_CTL_DEL, twin, NULL));
	ok(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
	fails(epoll_wait(ep, got, 0, 0), EINVAL);
	fails(epoll_wait(ep, got, -1, 0), EINVAL);
	fails(epoll_wait(-1, got, 1, 0), EBADF);
	fails(epoll_wait(fds[0], got, 1, 0), EINVAL);
	ev.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev), EINVAL);
	ev.events = EPOLLIN | EPOLLEXCLUSIVE;
	ok(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev));
	fails(epoll_ctl(ep, EPOLL_CTL_MOD, fds[0], &ev), EINVAL);
	ok(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
	/* An epoll descriptor in another one; no circles, no deep towers. */
	int outer = (int)need(epoll_create1(0));
	ev.events = EPOLLIN;
	ok(epoll_ctl(outer, EPOLL_CTL_ADD, ep, &ev));
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, outer, &ev), ELOOP);
	ok(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev));
	is(epoll_wait(outer, got, 2, 0), 0);
	need(write(fds[1], "x", 1));
	is(epoll_wait(outer, got, 2, 0), 1);
	struct pollfd p = {outer, POLLIN, 0};
	is(poll(&p, 1, 0), 1);
	int tower = ep, failed = 0;
	for (int i = 0; i < 8 && !failed; i++) {
		int next = (int)need(epoll_create1(0));
		failed = epoll_ctl(next, EPOLL_CTL_ADD, tower, &ev) < 0 ? errno : 0;
		tower = next;
	}
	text_is(errno_name(failed), "ELOOP");
}
