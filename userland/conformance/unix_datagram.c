#include "test.h"
#include <sys/socket.h>
#include <sys/un.h>

TEST("unix datagram and seqpacket sockets: boundaries, addresses, truncation, abstract names")
{
	int p[2];
	char buffer[16] = "";
	ok(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	is(send(p[0], "first", 5, 0), 5);
	is(send(p[0], "", 0, 0), 0);
	is(send(p[0], "third", 5, 0), 5);
	is(recv(p[1], buffer, 3, 0), 3);
	is(recv(p[1], buffer, 16, 0), 0);
	is(recv(p[1], buffer, 16, 0), 5);
	is(send(p[0], "truncated", 9, 0), 9);
	is(recv(p[1], buffer, 3, MSG_TRUNC), 9);
	ok(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p));
	is(send(p[0], "ab", 2, 0), 2);
	is(send(p[0], "cd", 2, 0), 2);
	is(recv(p[1], buffer, 16, 0), 2);
	is(recv(p[1], buffer, 16, 0), 2);
	close(p[0]);
	is(recv(p[1], buffer, 16, 0), 0);
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "dgram"}, from;
	int server = (int)need(socket(AF_UNIX, SOCK_DGRAM, 0)), client = (int)need(socket(AF_UNIX, SOCK_DGRAM, 0));
	ok(bind(server, (void *)&a, sizeof a));
	is(sendto(client, "hi", 2, 0, (void *)&a, sizeof a), 2);
	socklen_t length = sizeof from;
	is(recvfrom(server, buffer, 16, 0, (void *)&from, &length), 2);
	is(length, 0);
	struct sockaddr_un c = {.sun_family = AF_UNIX, .sun_path = "client"};
	ok(bind(client, (void *)&c, sizeof c));
	is(sendto(client, "hi", 2, 0, (void *)&a, sizeof a), 2);
	length = sizeof from;
	is(recvfrom(server, buffer, 16, 0, (void *)&from, &length), 2);
	text_is(from.sun_path, "client");
	fails(send(client, "x", 1, 0), ENOTCONN);
	ok(connect(client, (void *)&a, sizeof a));
	is(send(client, "x", 1, 0), 1);
	close(server);
	fails(send(client, "x", 1, 0), ECONNREFUSED);
	/* Abstract names leave no file. */
	struct sockaddr_un abs = {.sun_family = AF_UNIX, .sun_path = "\0exo-conformance"};
	int s1 = (int)need(socket(AF_UNIX, SOCK_DGRAM, 0)), s2 = (int)need(socket(AF_UNIX, SOCK_DGRAM, 0));
	ok(bind(s1, (void *)&abs, 2 + 16));
	fails(bind(s2, (void *)&abs, 2 + 16), EADDRINUSE);
	is(sendto(s2, "z", 1, 0, (void *)&abs, 2 + 16), 1);
	is(recv(s1, buffer, 16, 0), 1);
	close(s1);
	fails(sendto(s2, "z", 1, 0, (void *)&abs, 2 + 16), ECONNREFUSED);
}
