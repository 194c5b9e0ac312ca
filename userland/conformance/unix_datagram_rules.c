#include "test.h"
#include <sys/ioctl.h>
#include "unix.h"

static int new_datagram(const char *path)
{
	int fd = (int)need(socket(AF_UNIX, SOCK_DGRAM, 0));
	if (path) {
		struct sockaddr_un a = unix_name(path);
		need(bind(fd, (void *)&a, sizeof a));
	}
	return fd;
}

TEST("unix datagrams: who may send to whom, queue length, sizes, MSG_PEEK, MSG_TRUNC, several at once")
{
	char b[64];
	int value;
	struct sockaddr_un a = unix_name("a"), bb = unix_name("b"), c = unix_name("c");
	int x = new_datagram("a"), y = new_datagram("b"), z = new_datagram("c");
	fails(send(x, "?", 1, 0), ENOTCONN);
	/* Whoever is connected hears nobody else. */
	ok(connect(x, (void *)&bb, sizeof bb));
	fails(sendto(z, "no", 2, 0, (void *)&a, sizeof a), EPERM);
	fails(connect(z, (void *)&a, sizeof a), EPERM);
	is(sendto(y, "yes", 3, 0, (void *)&a, sizeof a), 3);
	/* An address for one message. */
	is(sendto(x, "to c", 4, 0, (void *)&c, sizeof c), 4);
	is(recv(z, b, 64, 0), 4);
	/* Another destination: what came from the old one is lost. */
	ok(connect(x, (void *)&c, sizeof c));
	fails(recv(x, b, 64, MSG_DONTWAIT), EAGAIN);
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	ok(connect(x, &none, sizeof none));
	fails(send(x, "?", 1, 0), ENOTCONN);
	struct sockaddr_un from;
	socklen_t length = sizeof from;
	fails(getpeername(x, (void *)&from, &length), ENOTCONN);
	/* Lost on both sides: the other one is told. */
	int p[2];
	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	is(write(p[0], "lost", 4), 4);
	ok(connect(p[1], &none, sizeof none));
	fails(write(p[0], "x", 1), ECONNRESET);
	/* Strangers wait once eleven messages do; who is connected to each other does not. */
	int n = 0;
	while (sendto(y, "m", 1, MSG_DONTWAIT, (void *)&a, sizeof a) == 1)
		n++;
	is(errno, EAGAIN);
	is(n, 11);
	struct pollfd f = {y, POLLOUT, 0};
	is(poll(&f, 1, 0), 1);
	ok(connect(y, (void *)&a, sizeof a));
	is(poll(&f, 1, 0), 0);
	is(recv(x, b, 64, 0), 1);
	is(poll(&f, 1, 0), 1);
	is(f.revents, POLLOUT);
	is(send(y, "m", 1, MSG_DONTWAIT), 1);
	pid_t pid;
	SPAWN(pid, is(send(y, "waited", 6, 0), 6));
	holds(await_state(pid, 'S'));
	for (int i = 0; i < 11; i++)
		need(recv(x, b, 64, 0));
	ends(pid, "exit 0");
	is(recv(x, b, 64, 0), 6);
	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	for (n = 0; n < 50 && send(p[0], "m", 1, MSG_DONTWAIT) == 1; n++)
		;
	is(n, 50);
	/* Sizes: FIONREAD tells of the first. */
	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	is(send(p[0], "12345", 5, 0), 5);
	is(send(p[0], "123", 3, 0), 3);
	ok(ioctl(p[1], FIONREAD, &value));
	is(value, 5);
	is(recv(p[1], b, 2, MSG_PEEK), 2);
	is(recv(p[1], b, 2, MSG_PEEK | MSG_TRUNC), 5);
	is(recv(p[1], NULL, 0, MSG_PEEK | MSG_TRUNC), 5);
	struct iovec v[2] = {{b, 1}, {b + 32, 2}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
	is(recvmsg(p[1], &m, 0), 3);
	is(m.msg_flags, MSG_TRUNC);
	is(b[0] == '1' && !memcmp(b + 32, "23", 2), 1);
	is(recvmsg(p[1], &m, MSG_TRUNC), 3);
	is(m.msg_flags, 0);
	static char large[300000], in[300000];
	for (size_t i = 0; i < sizeof large; i++)
		large[i] = (char)(i * 7 + i / 4096);
	is(send(p[0], large, 200000, 0), 200000);
	is(recv(p[1], in, sizeof in, 0), 200000);
	is(memcmp(in, large, 200000), 0);
	fails(send(p[0], large, 250000, 0), EMSGSIZE);
	int size = 4096;
	ok(setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size));
	length = sizeof size;
	ok(getsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &size, &length));
	is(size, 8192);
	fails(send(p[0], large, 8192, 0), EMSGSIZE);
	is(send(p[0], large, 8000, 0), 8000);
	fails(send(p[0], large, 8000, MSG_DONTWAIT), EAGAIN);
	struct pollfd g = {p[0], POLLOUT, 0};
	is(poll(&g, 1, 0), 0);
	is(recv(p[1], in, sizeof in, 0), 8000);
	is(poll(&g, 1, 0), 1);
	/* A message of no bytes is one. */
	is(send(p[0], NULL, 0, 0), 0);
	struct pollfd h = {p[1], POLLIN, 0};
	is(poll(&h, 1, 0), 1);
	is(recv(p[1], b, 64, 0), 0);
	is(poll(&h, 1, 0), 0);
	/* A bad buffer loses the message; a bad source sends none. */
	is(send(p[0], "gone", 4, 0), 4);
	fails(recv(p[1], (void *)8, 4, 0), EFAULT);
	fails(recv(p[1], b, 4, MSG_DONTWAIT), EAGAIN);
	fails(send(p[0], (void *)8, 4, 0), EFAULT);
	fails(recv(p[1], b, 4, MSG_DONTWAIT), EAGAIN);
	/* Peeking from an offset goes through message after message. */
	value = 0;
	ok(setsockopt(p[1], SOL_SOCKET, SO_PEEK_OFF, &value, sizeof value));
	is(send(p[0], "aabb", 4, 0), 4);
	is(send(p[0], "cc", 2, 0), 2);
	is(recv(p[1], b, 2, MSG_PEEK), 2);
	is(recv(p[1], b, 64, MSG_PEEK), 2);
	is(memcmp(b, "bb", 2), 0);
	is(recv(p[1], b, 64, MSG_PEEK), 2);
	is(memcmp(b, "cc", 2), 0);
	is(recv(p[1], b, 64, 0), 4);
	value = -1;
	ok(setsockopt(p[1], SOL_SOCKET, SO_PEEK_OFF, &value, sizeof value));
	is(recv(p[1], b, 64, 0), 2);
	/* Several at once. */
	struct iovec out[3] = {{"one", 3}, {"two2", 4}, {"three", 5}};
	struct mmsghdr mm[4] = {0};
	for (int i = 0; i < 3; i++)
		mm[i].msg_hdr = (struct msghdr){.msg_iov = &out[i], .msg_iovlen = 1};
	is(sendmmsg(p[0], mm, 3, 0), 3);
	is(mm[1].msg_len, 4);
	char bufs[4][8];
	struct iovec iov[4];
	for (int i = 0; i < 4; i++) {
		iov[i] = (struct iovec){bufs[i], 8};
		mm[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	is(recvmmsg(p[1], mm, 4, MSG_WAITFORONE, NULL), 3);
	is(mm[2].msg_len, 5);
	fails(recvmmsg(p[1], mm, 4, MSG_DONTWAIT, NULL), EAGAIN);
	/* Urgent bytes are for streams. */
	fails(send(p[0], "x", 1, MSG_OOB), EOPNOTSUPP);
	fails(recv(p[1], b, 1, MSG_OOB), EOPNOTSUPP);
	/* Timeouts. */
	struct timeval soon = {0, 20000};
	ok(setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon));
	long start = now_ms();
	fails(recv(p[1], b, 64, 0), EAGAIN);
	holds(now_ms() - start >= 19);
	ok(setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon));
	while (send(p[0], large, 4000, MSG_DONTWAIT) > 0)
		;
	start = now_ms();
	fails(send(p[0], large, 4000, 0), EAGAIN);
	holds(now_ms() - start >= 19);
	soon.tv_usec = 1000000;
	fails(setsockopt(p[0], SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon), EDOM);
	/* Closing the receiver lets those go who wait. */
	int r = new_datagram("r"), w = new_datagram(NULL);
	struct sockaddr_un ra = unix_name("r");
	need(connect(w, (void *)&ra, sizeof ra));
	while (send(w, "m", 1, MSG_DONTWAIT) == 1)
		;
	SPAWN(pid, {
		close(r);
		fails(send(w, "m", 1, 0), ECONNREFUSED);
	});
	holds(await_state(pid, 'S'));
	close(r);
	ends(pid, "exit 0");
}
