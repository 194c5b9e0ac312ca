#include "test.h"
#include "unix.h"

TEST("SCM_RIGHTS: how many, too many in flight, no room for them, pidfds, closed ends, bad control data")
{
	int p[2], got[4], count, fds[300];
	char b[64];
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	for (int i = 0; i < 300; i++)
		fds[i] = 0;
	/* 253 are the most. */
	is(send_with(p[0], "x", 1, fds, 253), 1);
	is(receive_with(p[1], b, 64, 0, got, &count), 1);
	is(count, 4);
	for (int i = 0; i < count; i++)
		close(got[i]);
	fails(send_with(p[0], "x", 1, fds, 254), EINVAL);
	/* Too few numbers fit, or none at all. */
	char control[CMSG_SPACE(2 * sizeof(int))];
	struct iovec v = {b, 64};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	int lowest = dup(0);
	close(lowest);
	need(send_with(p[0], "x", 1, fds, 4));
	is(recvmsg(p[1], &m, 0), 1);
	is(m.msg_flags, MSG_CTRUNC);
	is(m.msg_controllen, CMSG_SPACE(2 * sizeof(int)));
	is(dup(0), lowest + 2);
	for (int i = 0; i < 3; i++)
		close(lowest + i);
	need(send_with(p[0], "x", 1, fds, 1));
	m.msg_controllen = 0;
	is(recvmsg(p[1], &m, 0), 1);
	is(m.msg_flags, MSG_CTRUNC);
	need(send_with(p[0], "x", 1, fds, 1));
	m.msg_control = NULL;
	is(recvmsg(p[1], &m, 0), 1);
	is(m.msg_flags, MSG_CTRUNC);
	/* No free descriptor. */
	CHILD({
		struct rlimit limit = {(rlim_t)lowest + 1, 4096};
		need(setrlimit(RLIMIT_NOFILE, &limit));
		need(send_with(p[0], "x", 1, fds, 3));
		m.msg_control = control;
		m.msg_controllen = sizeof control;
		is(recvmsg(p[1], &m, 0), 1);
		is(m.msg_flags, MSG_CTRUNC);
		is(m.msg_controllen, CMSG_LEN(sizeof(int)) + 4);
		fails(dup(0), EMFILE);
	});
	/* In flight: more than one may have open is too many, but for the privileged. */
	CHILD({
		struct rlimit limit = {32, 32};
		int q[2];
		need(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, q));
		need(setrlimit(RLIMIT_NOFILE, &limit));
		become(1000);
		int sent = 0;
		for (int i = 0; i < 32; i++)
			fds[i] = 0;
		while (sent < 10 && send_with(q[0], "x", 1, fds, 20) == 1)
			sent++;
		is(errno, ETOOMANYREFS);
		is(sent, 2);
		/* Received, they are not in flight any more. */
		need(recv(q[1], b, 64, 0));
		is(send_with(q[0], "x", 1, fds, 1), 1);
		/* Dropped neither. */
		close(q[0]);
		close(q[1]);
		need(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, q));
		is(send_with(q[0], "x", 1, fds, 20), 1);
	});
	/* A process descriptor, an end of a closed pipe, a socket that has been shut, a directory. */
	pid_t pid = start_child();
	if (pid == 0)
		_exit(7);
	int pidfd = (int)need(syscall(SYS_pidfd_open, pid, 0));
	is(send_with(p[0], "p", 1, &pidfd, 1), 1);
	close(pidfd);
	is(receive_with(p[1], b, 64, 0, got, &count), 1);
	siginfo_t info;
	ok(waitid(3 /* P_PIDFD */, (id_t)got[0], &info, WEXITED));
	is(info.si_status, 7);
	close(got[0]);
	int ends[2];
	need(pipe(ends));
	need(write(ends[1], "rest", 4));
	close(ends[1]);
	is(send_with(p[0], "e", 1, &ends[0], 1), 1);
	close(ends[0]);
	is(receive_with(p[1], b, 64, 0, got, &count), 1);
	is(read(got[0], b, 64), 4);
	is(read(got[0], b, 64), 0);
	close(got[0]);
	int dir = (int)need(open(".", O_RDONLY | O_DIRECTORY)), path = (int)need(open(".", O_PATH));
	is(send_with(p[0], "d", 1, (int[]){dir, path}, 2), 1);
	is(receive_with(p[1], b, 64, 0, got, &count), 1);
	is(fcntl(got[0], F_GETFD), 0);
	put_file("here", "x");
	is(faccessat(got[0], "here", F_OK, 0), 0);
	is(faccessat(got[1], "here", F_OK, 0), 0);
	/* Malformed control data. */
	struct {
		struct cmsghdr h;
		int fd[2];
	} c = {.h.cmsg_level = SOL_SOCKET, .h.cmsg_type = SCM_RIGHTS};
	c.h.cmsg_len = sizeof c.h - 1;
	m = (struct msghdr){.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c};
	fails(syscall(SYS_sendmsg, p[0], &m, 0), EINVAL);
	c.h.cmsg_len = sizeof c + 1;
	fails(syscall(SYS_sendmsg, p[0], &m, 0), EINVAL);
	c.h.cmsg_len = CMSG_LEN(4);
	c.h.cmsg_type = 9;
	fails(syscall(SYS_sendmsg, p[0], &m, 0), EINVAL);
	c.h.cmsg_level = 9;
	v.iov_len = 1;
	is(syscall(SYS_sendmsg, p[0], &m, 0), 1);
	c.h.cmsg_level = SOL_SOCKET;
	c.h.cmsg_type = SCM_RIGHTS;
	c.fd[0] = -1;
	fails(syscall(SYS_sendmsg, p[0], &m, 0), EBADF);
	c.h.cmsg_type = SCM_CREDENTIALS;
	fails(syscall(SYS_sendmsg, p[0], &m, 0), EINVAL);
	m.msg_controllen = 1 << 20;
	fails(syscall(SYS_sendmsg, p[0], &m, 0), ENOBUFS);
	m.msg_controllen = 4;
	is(syscall(SYS_sendmsg, p[0], &m, 0), 1);
	m.msg_control = (void *)8;
	m.msg_controllen = sizeof c;
	fails(syscall(SYS_sendmsg, p[0], &m, 0), EFAULT);
	m.msg_iovlen = 2000;
	m.msg_control = NULL;
	m.msg_controllen = 0;
	fails(syscall(SYS_sendmsg, p[0], &m, 0), EMSGSIZE);
	/* Over sequenced packets and datagrams, peeked at, with an empty message. */
	for (int type = 0; type < 2; type++) {
		need(socketpair(AF_UNIX, type ? SOCK_DGRAM : SOCK_SEQPACKET, 0, p));
		need(pipe(ends));
		is(send_with(p[0], "", 0, &ends[1], 1), 0);
		close(ends[1]);
		is(receive_with(p[1], b, 64, MSG_PEEK, got, &count), 0);
		is(count, 1);
		is(write(got[0], "a", 1), 1);
		close(got[0]);
		is(receive_with(p[1], b, 64, MSG_CMSG_CLOEXEC, got, &count), 0);
		is(count, 1);
		is(fcntl(got[0], F_GETFD), FD_CLOEXEC);
		close(got[0]);
		is(read(ends[0], b, 64), 1);
		is(read(ends[0], b, 64), 0);
	}
}
