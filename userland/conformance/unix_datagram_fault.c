#include "test.h"
#include "unix.h"

/* More than an inbox holds before strangers have to wait. */
enum { MANY = 30 };

TEST("a datagram that cannot be stored is lost, makes room for others, and lets go of what came with it")
{
	struct sockaddr_un name = unix_name("inbox");
	int inbox = (int)need(socket(AF_UNIX, SOCK_DGRAM, 0)), stranger = (int)need(socket(AF_UNIX, SOCK_DGRAM, 0));
	need(bind(inbox, (void *)&name, sizeof name));
	for (int i = 0; i < MANY; i++) {
		is(sendto(stranger, "lost", 4, MSG_DONTWAIT, (void *)&name, sizeof name), 4);
		fails(recv(inbox, (void *)8, 4, MSG_DONTWAIT), EFAULT);
	}
	char byte;
	fails(recv(inbox, &byte, 1, MSG_DONTWAIT), EAGAIN);
	/* Peeking takes nothing away, whether it works or not. */
	is(sendto(stranger, "m", 1, MSG_DONTWAIT, (void *)&name, sizeof name), 1);
	fails(recv(inbox, (void *)8, 1, MSG_PEEK), EFAULT);
	is(recv(inbox, &byte, 1, MSG_PEEK), 1);
	is(recv(inbox, &byte, 1, 0), 1);
	need(connect(stranger, (void *)&name, sizeof name));
	/* With a socket of which the message has the only descriptor. */
	for (int i = 0; i < MANY; i++) {
		int pair[2];
		need(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
		is(send_with(stranger, "m", 1, &pair[0], 1), 1);
		close(pair[0]);
		fails(recv(inbox, (void *)8, 1, MSG_DONTWAIT), EFAULT);
		fails(write(pair[1], "x", 1), ECONNREFUSED);
		close(pair[1]);
	}
	is(sendto(stranger, "m", 1, MSG_DONTWAIT, (void *)&name, sizeof name), 1);
	is(recv(inbox, &byte, 1, 0), 1);
}
