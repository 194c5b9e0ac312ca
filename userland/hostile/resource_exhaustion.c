#include "hostile.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

static void full_pipes(void *arg)
{
	int fds[2];
	static char block[65536];
	while (pipe2(fds, O_NONBLOCK) == 0)
		while (write(fds[1], block, sizeof block) > 0)
			;
	_exit(errno == EMFILE ? 12 : 13);
}
static void full_sockets(void *arg)
{
	int fds[2];
	static char block[65536];
	while (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0)
		while (write(fds[1], block, sizeof block) > 0)
			;
	_exit(errno == EMFILE ? 12 : 13);
}
static void many_of(void *arg)
{
	int kind = (int)(intptr_t)arg, fd = 0;
	while (fd >= 0) {
		if (kind == 0)
			fd = epoll_create1(0);
		else if (kind == 1)
			fd = eventfd(0, 0);
		else if (kind == 2)
			fd = timerfd_create(CLOCK_MONOTONIC, 0);
		else
			fd = memfd_create("m", 0);
		if (fd >= 0 && kind == 2) {
			struct itimerspec t = {{0, 1000000}, {0, 1000000}};
			timerfd_settime(fd, 0, &t, NULL);
		}
		if (fd >= 0 && kind == 3)
			(void)!write(fd, "x", 1);
	}
	_exit(errno == EMFILE ? 12 : 13);
}
static void pass_itself(void *arg)
{
	/* A socket that travels through itself: only the kernel's own care frees it. */
	for (int i = 0; i < 50; i++) {
		int p[2];
		if (socketpair(AF_UNIX, SOCK_DGRAM, 0, p) < 0)
			break;
		char control[CMSG_SPACE(2 * sizeof(int))] = {0};
		struct iovec v = {"x", 1};
		struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(c), p, sizeof p);
		sendmsg(p[0], &m, 0);
		close(p[0]);
		close(p[1]);
	}
	_exit(12);
}
static void deep_directories(void *arg)
{
	int depth = 0;
	while (depth < 2000 && mkdir("d", 0755) == 0 && chdir("d") == 0)
		depth++;
	while (depth-- > 0)
		if (chdir("..") < 0 || rmdir("d") < 0)
			_exit(13);
	_exit(12);
}
static void queue_signals(void *arg)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	become(23456);
	union sigval v = {0};
	int sent = 0;
	while (sigqueue(getpid(), SIGRTMIN, v) == 0 && sent < 1000000)
		sent++;
	_exit(errno == EAGAIN ? 12 : 13);
}

TEST("pipes, sockets, timers and other objects until there are no more descriptors")
{
	struct rlimit limit = {300, 300};
	need(setrlimit(RLIMIT_NOFILE, &limit));
	is(WEXITSTATUS(run_guarded(full_pipes, NULL, 15000)), 12);
	is(WEXITSTATUS(run_guarded(full_sockets, NULL, 15000)), 12);
	for (intptr_t kind = 0; kind < 4; kind++)
		is(WEXITSTATUS(run_guarded(many_of, (void *)kind, 15000)), 12);
	is(WEXITSTATUS(run_guarded(pass_itself, NULL, 15000)), 12);
	is(WEXITSTATUS(run_guarded(deep_directories, NULL, 15000)), 12);
	is(WEXITSTATUS(run_guarded(queue_signals, NULL, 15000)), 12);
	still_alive();
}
