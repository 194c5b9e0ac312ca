#include "test.h"
#include <sys/epoll.h>

TEST("epoll: entries belong to open files; dup, fork, close, and wake-ups across processes")
{
	int ep = (int)need(epoll_create1(0)), fds[2];
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = 7}, got[4];
	need(pipe(fds));
	need(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev));
	int twin = dup(fds[0]);
	need(write(fds[1], "x", 1));
	close(fds[0]);
	/* The open file lives on in its copy, and so does the entry. */
	is(epoll_wait(ep, got, 4, 0), 1);
	is(got[0].data.u32, 7);
	close(twin);
	is(epoll_wait(ep, got, 4, 0), 0);
	need(pipe(fds));
	pid_t pid;
	/* A child adds and waits through the same instance. */
	CHILD(ok(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev)));
	fails(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &ev), EEXIST);
	SPAWN(pid, {
		is(epoll_wait(ep, got, 4, 5000), 1);
		is(got[0].events, EPOLLIN);
	});
	holds(await_state(pid, 'S'));
	need(write(fds[1], "x", 1));
	ends(pid, "exit 0");
	char c;
	need(read(fds[0], &c, 1));
	/* Added while another one waits. */
	int late[2];
	need(pipe(late));
	need(write(late[1], "x", 1));
	SPAWN(pid, is(epoll_wait(ep, got, 4, 5000), 1));
	holds(await_state(pid, 'S'));
	need(epoll_ctl(ep, EPOLL_CTL_ADD, late[0], &ev));
	ends(pid, "exit 0");
	sigset_t all;
	sigfillset(&all);
	is(epoll_pwait(ep, got, 4, 0, &all), 1);
	struct timespec zero = {0, 0};
	is(syscall(SYS_epoll_pwait2, ep, got, 4, &zero, NULL, 8), 1);
}
