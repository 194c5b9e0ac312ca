#include "native.h"

#include <sys/epoll.h>
#include <sys/socket.h>

/* An end of a ring is a file: inherited, duplicated, passed, polled, shown. */

static const struct exo_message hello = {.length = 5, .bytes = "hello"};

static void make(int form, int fds[2])
{
	need(exo_ring_create(form, 3, EXO_CLOEXEC, fds));
}

static int events_of(int fd, int asked, int timeout)
{
	struct pollfd one = {.fd = fd, .events = (short)asked};
	return poll(&one, 1, timeout) < 0 ? -1 : one.revents;
}

static void shown(void)
{
	int fds[2];
	char path[64], target[64] = "";
	struct stat stat;
	make(EXO_SPSC, fds);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fds[0]);
	need(readlink(path, target, sizeof target - 1));
	holds(!strncmp(target, "ring:[", 6) && strstr(target, "]:receive"));
	snprintf(path, sizeof path, "/proc/self/fd/%d", fds[1]);
	need(readlink(path, target, sizeof target - 1));
	holds(!strncmp(target, "ring:[", 6) && strstr(target, "]:send"));
	ok(fstat(fds[0], &stat));
	is(stat.st_size, 8192);
	is(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	is(fcntl(fds[0], F_GETFL) & O_ACCMODE, O_RDONLY);
	is(fcntl(fds[1], F_GETFL) & O_ACCMODE, O_WRONLY);
	close(fds[0]);
	close(fds[1]);
}

static void duplicated(void)
{
	int fds[2];
	struct exo_ring_stat stat;
	make(EXO_MPMC, fds);
	/* dup(2): the same end, closed with the last descriptor. */
	int copy = (int)need(dup(fds[1]));
	close(fds[1]);
	need(exo_ring_stat(fds[0], &stat));
	is(stat.senders, 1);
	/* Another end: closed apart. */
	int other = (int)ok(exo_ring_duplicate(copy, 0));
	need(exo_ring_stat(fds[0], &stat));
	is(stat.senders, 2);
	ok(exo_ring_hang_up(copy));
	ok(exo_ring_hang_up(copy));
	need(exo_ring_stat(fds[0], &stat));
	is(stat.senders, 1);
	is(events_of(fds[0], POLLIN, 0), 0);
	close(other);
	need(exo_ring_stat(fds[0], &stat));
	is(stat.senders, 0);
	is(events_of(fds[0], POLLIN | POLLRDHUP, 0), POLLHUP | POLLRDHUP);
	close(copy);
	close(fds[0]);
}

/* A process that is killed closes its side, and the others wake. */
static void killed(void)
{
	int fds[2];
	pid_t child;
	struct exo_message got;
	make(EXO_SPSC, fds);
	SPAWN(child, { pause(); });
	close(fds[1]);
	pid_t killer;
	SPAWN(killer, {
		sleep_ms(30);
		kill(child, SIGKILL);
	});
	struct exo_ring *in = exo_ring_open(fds[0]);
	fails(exo_ring_receive(in, &got, 1, NULL), EPIPE);
	ends(child, "signal SIGKILL");
	ends(killer, "exit 0");
	exo_ring_close(in);
}

static void passed(void)
{
	int fds[2], pair[2];
	pid_t child;
	make(EXO_SPSC, fds);
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	SPAWN(child, {
		char control[CMSG_SPACE(sizeof(int))], byte;
		struct iovec iov = {&byte, 1};
		struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
				     .msg_controllen = sizeof control};
		close(fds[0]);
		close(fds[1]);
		is(recvmsg(pair[1], &msg, 0), 1);
		struct exo_ring *out = exo_ring_open(*(int *)(void *)CMSG_DATA(CMSG_FIRSTHDR(&msg)));
		is(exo_ring_send(out, &hello, 1, NULL), 1);
	});
	char control[CMSG_SPACE(sizeof(int))] = "", byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
	*head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(head), &fds[1], sizeof(int));
	is(sendmsg(pair[0], &msg, 0), 1);
	close(fds[1]);
	struct exo_ring *in = exo_ring_open(fds[0]);
	struct exo_message got;
	is(exo_ring_receive(in, &got, 1, NULL), 1);
	holds(!memcmp(got.bytes, "hello", 5));
	fails(exo_ring_receive(in, &got, 1, NULL), EPIPE);
	ends(child, "exit 0");
	exo_ring_close(in);
	close(pair[0]);
	close(pair[1]);
}

static void polled(void)
{
	int fds[2];
	struct exo_message got[8];
	make(EXO_SPSC, fds);
	struct exo_ring *in = exo_ring_open(fds[0]), *out = exo_ring_open(fds[1]);
	is(events_of(fds[0], POLLIN | POLLOUT, 0), 0);
	is(events_of(fds[1], POLLIN | POLLOUT, 0), POLLOUT);
	pid_t child;
	SPAWN(child, {
		sleep_ms(30);
		exo_ring_send(out, &hello, 1, NULL);
	});
	is(events_of(fds[0], POLLIN, -1), POLLIN);
	ends(child, "exit 0");
	is(exo_ring_take(in, got, 8), 1);
	is(events_of(fds[0], POLLIN, 0), 0);
	exo_ring_close(in);
	exo_ring_close(out);
	/* Full: the sender waits with poll. The positions are private, so this process did not send before. */
	make(EXO_SPSC, fds);
	in = exo_ring_open(fds[0]);
	out = exo_ring_open(fds[1]);
	for (int i = 0; i < 8; i++)
		is(exo_ring_put(out, &hello, 1), 1);
	is(events_of(fds[1], POLLOUT, 0), 0);
	SPAWN(child, {
		sleep_ms(30);
		exo_ring_receive(in, got, 8, NULL);
	});
	is(events_of(fds[1], POLLOUT, -1), POLLOUT);
	ends(child, "exit 0");
	close(exo_ring_fd(in));
	is(events_of(fds[1], POLLOUT, 0), POLLOUT | POLLERR);
	exo_ring_close(out);
}

/* epoll, by level and by edge: every message that comes after the last look is told. */
static void watched(int flags)
{
	int fds[2];
	pid_t child;
	enum { COUNT = 300 };
	make(EXO_SPSC, fds);
	SPAWN(child, {
		close(fds[0]);
		struct exo_ring *out = exo_ring_open(fds[1]);
		for (int i = 0; i < COUNT; i++) {
			exo_ring_send(out, &hello, 1, NULL);
			if (i % 16 == 0)
				sched_yield();
		}
	});
	close(fds[1]);
	struct exo_ring *in = exo_ring_open(fds[0]);
	int epoll = (int)need(epoll_create1(0)), count = 0, over = 0;
	struct epoll_event event = {.events = EPOLLIN | (unsigned)flags};
	need(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));
	while (!over) {
		if (epoll_wait(epoll, &event, 1, 5000) != 1)
			break;
		struct exo_message got;
		while (exo_ring_take(in, &got, 1) == 1) {
			count++;
			exo_ring_notify(in);
		}
		over = errno == EPIPE;
	}
	is(count, COUNT);
	is(over, 1);
	ends(child, "exit 0");
	exo_ring_close(in);
	close(epoll);
}

/* What is there when it is watched hides nothing that comes later. */
static void edge_after_edge(void)
{
	int fds[2], epoll = (int)need(epoll_create1(0));
	make(EXO_SPSC, fds);
	struct exo_ring *in = exo_ring_open(fds[0]), *out = exo_ring_open(fds[1]);
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	struct exo_message got;
	for (int i = 0; i < 5; i++) {
		is(exo_ring_send(out, &hello, 1, NULL), 1);
		if (i == 0)
			need(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event));
		is(epoll_wait(epoll, &event, 1, 1000), 1);
		is(exo_ring_take(in, &got, 1), 1);
	}
	is(epoll_wait(epoll, &event, 1, 0), 0);
	close(epoll);
	exo_ring_close(in);
	exo_ring_close(out);
}

NATIVE_TEST("ends of rings are files")
{
	shown();
	duplicated();
	killed();
	passed();
	polled();
	edge_after_edge();
	watched(0);
	watched((int)EPOLLET);
}
