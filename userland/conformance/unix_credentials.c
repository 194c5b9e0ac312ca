#include "test.h"
#include "unix.h"

TEST("SCM_CREDENTIALS, SO_PASSCRED, SO_PEERCRED: who sent it, who may claim what")
{
	int p[2], on = 1, told;
	char b[64];
	struct ucred who;
	pid_t me = getpid();
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	/* Nobody asked: nothing is told. */
	need(write(p[0], "a", 1));
	is(receive_from_whom(p[1], b, 64, 0, &who, &told), 1);
	is(told, 0);
	/* What was sent before anybody asked comes from nobody. */
	need(write(p[0], "before", 6));
	ok(setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	need(write(p[0], "after", 5));
	is(receive_from_whom(p[1], b, 64, 0, &who, &told), 6);
	is(told, 1);
	is(who.pid, 0);
	is(who.uid, 65534);
	is(who.gid, 65534);
	is(receive_from_whom(p[1], b, 64, 0, &who, &told), 5);
	is(told, 1);
	holds(who.pid == me);
	is(who.uid, 0);
	/* Bytes of different processes are not mixed. */
	need(write(p[0], "1", 1));
	need(write(p[0], "2", 1));
	CHILD(need(write(p[0], "3", 1)));
	is(receive_from_whom(p[1], b, 64, MSG_PEEK, &who, &told), 2);
	is(receive_from_whom(p[1], b, 64, 0, &who, &told), 2);
	holds(who.pid == me);
	is(receive_from_whom(p[1], b, 64, 0, &who, &told), 1);
	holds(who.pid != me && who.pid > 0);
	/* Claims: the privileged may say anything, others only what they are. */
	is(send_as(p[0], me, 5, 6), 1);
	is(receive_from_whom(p[1], b, 64, 0, &who, &told), 1);
	is(who.uid, 5);
	is(who.gid, 6);
	CHILD({
		become(1000);
		fails(send_as(p[0], getpid(), 0, 1000), EPERM);
		fails(send_as(p[0], getpid(), 1000, 0), EPERM);
		fails(send_as(p[0], 1, 1000, 1000), EPERM);
		is(send_as(p[0], getpid(), 1000, 1000), 1);
	});
	is(receive_from_whom(p[1], b, 64, 0, &who, &told), 1);
	is(who.uid, 1000);
	/* The end of the stream comes from nobody at all. */
	need(shutdown(p[0], SHUT_WR));
	is(receive_from_whom(p[1], b, 64, 0, &who, &told), 0);
	is(told, 1);
	is(who.pid, 0);
	is(who.uid, 0);
	need(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p));
	ok(setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	is(send(p[0], "", 0, 0), 0);
	is(receive_from_whom(p[1], b, 64, 0, &who, &told), 0);
	is(told, 1);
	holds(who.pid == me);
	close(p[0]);
	is(receive_from_whom(p[1], b, 64, 0, &who, &told), 0);
	is(told, 0);
	/* A control buffer that is too small. */
	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	ok(setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	need(write(p[0], "x", 1));
	char small[CMSG_LEN(4)];
	struct iovec v = {b, 64};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = small, .msg_controllen = sizeof small};
	is(recvmsg(p[1], &m, 0), 1);
	is(m.msg_flags, MSG_CTRUNC);
	need(write(p[0], "x", 1));
	m.msg_control = NULL;
	m.msg_controllen = 0;
	is(recvmsg(p[1], &m, 0), 1);
	is(m.msg_flags, MSG_CTRUNC);
	/* Who is at the other end. */
	socklen_t length = sizeof who;
	int l = (int)need(socket(AF_UNIX, SOCK_STREAM, 0)), c = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	ok(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &who, &length));
	is(who.pid, 0);
	is((int)who.uid, -1);
	is((int)who.gid, -1);
	struct sockaddr_un a = unix_name("cred");
	need(bind(l, (void *)&a, sizeof a));
	need(chmod("cred", 0666));
	pid_t pid;
	/* The listener is who called listen, the client who called connect. */
	need(listen(l, 4));
	length = sizeof who;
	ok(getsockopt(l, SOL_SOCKET, SO_PEERCRED, &who, &length));
	holds(who.pid == me);
	struct gate g = new_gate();
	SPAWN(pid, {
		become(1000);
		need(connect(c, (void *)&a, sizeof a));
		need(seteuid(1000));
		struct ucred peer;
		socklen_t n = sizeof peer;
		ok(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &peer, &n));
		is(peer.uid, 0);
		wait_gate(g);
	});
	int s = (int)need(accept(l, NULL, NULL));
	length = sizeof who;
	ok(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &who, &length));
	holds(who.pid == pid);
	is(who.uid, 1000);
	length = 4;
	ok(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &who, &length));
	is(length, 4);
	pass_gate(g);
	ends(pid, "exit 0");
	/* Neither security labels nor process descriptors. */
	length = sizeof b;
	fails(getsockopt(s, SOL_SOCKET, SO_PEERSEC, b, &length), ENOPROTOOPT);
	fails(getsockopt(s, SOL_SOCKET, 77, b, &length), ENOPROTOOPT);
	fails(setsockopt(s, SOL_SOCKET, SO_PEERCRED, &who, sizeof who), ENOPROTOOPT);
	/* Whoever wants to be answered gets a name: five hexadecimal digits. */
	int d = (int)need(socket(AF_UNIX, SOCK_DGRAM, 0)), e = (int)need(socket(AF_UNIX, SOCK_DGRAM, 0));
	struct sockaddr_un to = unix_name("to"), from;
	need(bind(e, (void *)&to, sizeof to));
	ok(setsockopt(d, SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	is(sendto(d, "hi", 2, 0, (void *)&to, sizeof to), 2);
	length = sizeof from;
	is(recvfrom(e, b, 64, 0, (void *)&from, &length), 2);
	is(length, 2 + 6);
	is(from.sun_path[0], 0);
	is(strspn(from.sun_path + 1, "0123456789abcdef") >= 5, 1);
	is(sendto(e, "back", 4, 0, (void *)&from, length), 4);
	is(receive_from_whom(d, b, 64, 0, &who, &told), 4);
	is(told, 1);
	holds(who.pid == me);
}
