#include "test.h"
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "unix.h"

TEST("unix streams: MSG_PEEK, MSG_WAITALL, SO_RCVLOWAT, SO_PEEK_OFF, boundaries of rights and senders, SIOCINQ")
{
	int p[2], value, got[4];
	char b[256] = "";
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	/* Writes run together; peeking takes nothing. */
	is(write(p[0], "abc", 3), 3);
	is(write(p[0], "defgh", 5), 5);
	is(recv(p[1], b, 4, MSG_PEEK), 4);
	is(memcmp(b, "abcd", 4), 0);
	is(recv(p[1], b, 64, MSG_PEEK), 8);
	ok(ioctl(p[1], FIONREAD, &value));
	is(value, 8);
	ok(ioctl(p[0], TIOCOUTQ, &value));
	holds(value > 0);
	is(recv(p[1], b, 6, 0), 6);
	is(recv(p[1], b, 6, 0), 2);
	is(memcmp(b, "gh", 2), 0);
	ok(ioctl(p[0], TIOCOUTQ, &value));
	is(value, 0);
	fails(recv(p[1], b, 6, MSG_DONTWAIT | MSG_PEEK), EAGAIN);
	fails(recv(p[1], b, 0, MSG_DONTWAIT), EAGAIN);
	is(read(p[1], b, 0), 0);
	/* A read ends behind what came with descriptors, not before. */
	is(write(p[0], "12", 2), 2);
	is(send_with(p[0], "34", 2, (int[]){0}, 1), 2);
	is(write(p[0], "56", 2), 2);
	int count;
	is(receive_with(p[1], b, 64, MSG_PEEK, got, &count), 4);
	is(count, 1);
	close(got[0]);
	is(receive_with(p[1], b, 64, 0, got, &count), 4);
	is(count, 1);
	is(memcmp(b, "1234", 4), 0);
	close(got[0]);
	is(recv(p[1], b, 64, 0), 2);
	/* In two parts: the descriptors come with the first byte. */
	is(send_with(p[0], "abcd", 4, (int[]){0, 1}, 2), 4);
	is(write(p[0], "ef", 2), 2);
	is(receive_with(p[1], b, 1, 0, got, &count), 1);
	is(count, 2);
	close(got[0]);
	close(got[1]);
	is(receive_with(p[1], b, 64, 0, got, &count), 5);
	is(count, 0);
	/* An ordinary read drops them. */
	int q[2];
	need(pipe(q));
	is(send_with(p[0], "x", 1, &q[1], 1), 1);
	close(q[1]);
	is(read(p[1], b, 64), 1);
	is(read(q[0], b, 1), 0);
	close(q[0]);
	/* Waiting for all of it. */
	pid_t pid;
	SPAWN(pid, {
		is(recv(p[1], b, 10, MSG_WAITALL), 10);
		is(memcmp(b, "0123456789", 10), 0);
	});
	for (int i = 0; i < 5; i++) {
		need(write(p[0], &"0123456789"[i * 2], 2));
		sleep_ms(2);
	}
	ends(pid, "exit 0");
	value = 4;
	ok(setsockopt(p[1], SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value));
	SPAWN(pid, {
		int n = (int)read(p[1], b, 64);
		holds(n >= 4);
	});
	need(write(p[0], "ab", 2));
	holds(await_state(pid, 'S'));
	need(write(p[0], "cd", 2));
	ends(pid, "exit 0");
	/* Poll does not heed the mark. */
	need(write(p[0], "a", 1));
	struct pollfd f = {p[1], POLLIN, 0};
	is(poll(&f, 1, 0), 1);
	is(recv(p[1], b, 64, MSG_DONTWAIT), 1);
	value = 0;
	ok(setsockopt(p[1], SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value));
	socklen_t length = sizeof value;
	ok(getsockopt(p[1], SOL_SOCKET, SO_RCVLOWAT, &value, &length));
	is(value, 1);
	/* WAITALL ends with the stream. */
	SPAWN(pid, is(recv(p[1], b, 10, MSG_WAITALL), 3));
	need(write(p[0], "end", 3));
	holds(await_state(pid, 'S'));
	need(shutdown(p[0], SHUT_WR));
	ends(pid, "exit 0");
	/* Peeking from an offset. */
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	length = sizeof value;
	ok(getsockopt(p[1], SOL_SOCKET, SO_PEEK_OFF, &value, &length));
	is(value, -1);
	value = 0;
	ok(setsockopt(p[1], SOL_SOCKET, SO_PEEK_OFF, &value, sizeof value));
	need(write(p[0], "aabbcc", 6));
	is(recv(p[1], b, 2, MSG_PEEK), 2);
	is(recv(p[1], b, 2, MSG_PEEK), 2);
	is(memcmp(b, "bb", 2), 0);
	is(recv(p[1], b, 2, 0), 2);
	is(memcmp(b, "aa", 2), 0);
	is(recv(p[1], b, 2, MSG_PEEK), 2);
	is(memcmp(b, "cc", 2), 0);
	fails(recv(p[1], b, 2, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	length = sizeof value;
	ok(getsockopt(p[1], SOL_SOCKET, SO_PEEK_OFF, &value, &length));
	is(value, 4);
}
