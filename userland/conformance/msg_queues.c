#include "test.h"
#include <sys/msg.h>

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

static int id;
static struct message {
	long type;
	char text[9000];
} m;

static int send(long type, const char *text)
{
	m.type = type;
	strcpy(m.text, text);
	return msgsnd(id, &m, strlen(text), IPC_NOWAIT);
}

/* Receives and shows type and text; the error's name if there is none. */
static const char *receive(size_t size, long type, int flags)
{
	static char got[9100];
	memset(&m, '#', sizeof m);
	ssize_t length = msgrcv(id, &m, size, type, flags);
	if (length < 0)
		return errno_name(errno);
	m.text[length] = 0;
	snprintf(got, sizeof got, "%ld %s", m.type, m.text);
	return got;
}

TEST("message queues: order, types, sizes, flags, arguments")
{
	fails(msgget(0x3a3e01, 0600), ENOENT);
	ok(id = msgget(0x3a3e01, IPC_CREAT | IPC_EXCL | 0600));
	fails(msgget(0x3a3e01, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	is(msgget(0x3a3e01, 0) == id, 1);
	text_is(receive(100, 0, IPC_NOWAIT), "ENOMSG");
	const char *texts[] = {"three", "one", "two", "one more", "five", ""};
	long types[] = {3, 1, 2, 1, 5, 4};
	for (int i = 0; i < 6; i++)
		ok(send(types[i], texts[i]));
	text_is(receive(100, 0, IPC_NOWAIT), "3 three");
	text_is(receive(100, 5, IPC_NOWAIT), "5 five");
	text_is(receive(100, 6, IPC_NOWAIT), "ENOMSG");
	text_is(receive(100, -2, IPC_NOWAIT), "1 one");
	text_is(receive(100, 1, IPC_NOWAIT | MSG_EXCEPT), "2 two");
	text_is(receive(100, -9, IPC_NOWAIT), "1 one more");
	text_is(receive(100, -3, IPC_NOWAIT), "ENOMSG");
	text_is(receive(100, LONG_MIN, IPC_NOWAIT), "4 ");
	text_is(receive(100, 0, 0 | IPC_NOWAIT), "ENOMSG");

	/* Too long for the receiver: stays, or is cut off. */
	ok(send(7, "a long message"));
	text_is(receive(5, 0, IPC_NOWAIT), "E2BIG");
	text_is(receive(0, 7, IPC_NOWAIT), "E2BIG");
	text_is(receive(6, 0, IPC_NOWAIT | MSG_NOERROR), "7 a long");
	text_is(receive(6, 0, IPC_NOWAIT | MSG_NOERROR), "ENOMSG");

	/* Looking without taking: by place. */
	send(1, "first");
	send(2, "second");
	send(3, "third");
	text_is(receive(100, 1, IPC_NOWAIT | MSG_COPY), "2 second");
	text_is(receive(100, 0, IPC_NOWAIT | MSG_COPY), "1 first");
	text_is(receive(100, 3, IPC_NOWAIT | MSG_COPY), "ENOMSG");
	text_is(receive(100, -1, IPC_NOWAIT | MSG_COPY), "ENOMSG");
	text_is(receive(3, 2, IPC_NOWAIT | MSG_COPY), "E2BIG");
	text_is(receive(3, 2, IPC_NOWAIT | MSG_COPY | MSG_NOERROR), "EINVAL");
	text_is(receive(100, 0, MSG_COPY), "EINVAL");
	text_is(receive(100, 0, IPC_NOWAIT | MSG_COPY | MSG_EXCEPT), "EINVAL");
	for (int i = 0; i < 3; i++)
		receive(100, 0, IPC_NOWAIT);

	/* Sizes: of a message, of the queue, number of messages. */
	memset(m.text, 'x', sizeof m.text);
	m.type = 1;
	fails(msgsnd(id, &m, 8193, IPC_NOWAIT), EINVAL);
	ok(msgsnd(id, &m, 8192, IPC_NOWAIT));
	ok(msgsnd(id, &m, 8192, IPC_NOWAIT));
	fails(msgsnd(id, &m, 1, IPC_NOWAIT), EAGAIN);
	ok(msgsnd(id, &m, 0, IPC_NOWAIT));
	is(msgrcv(id, &m, 9000, 0, 0), 8192);
	is(m.text[8191], 'x');
	is(msgrcv(id, &m, 100, 0, MSG_NOERROR), 100);
	is(msgrcv(id, &m, 100, 0, 0), 0);
	int count = 0;
	while (msgsnd(id, &m, 0, IPC_NOWAIT) == 0)
		count++;
	is(count, 16384);
	while (msgrcv(id, &m, 0, 0, IPC_NOWAIT) == 0)
		count--;
	is(count, 0);

	m.type = 0;
	fails(msgsnd(id, &m, 1, 0), EINVAL);
	m.type = -1;
	fails(msgsnd(id, &m, 1, 0), EINVAL);
	m.type = 1;
	fails(msgsnd(id, &m, -1, 0), EINVAL);
	fails(msgsnd(id, NULL, 1, 0), EFAULT);
	fails(msgsnd(id, (char *)&m + sizeof m - 8, 8192, 0), EFAULT);
	fails(msgsnd(-1, &m, 1, 0), EINVAL);
	fails(msgsnd(12345678, &m, 1, 0), EINVAL);
	fails(msgrcv(id, &m, -1, 0, 0), EINVAL);
	fails(msgrcv(-1, &m, 1, 0, 0), EINVAL);
	/* A message that cannot be stored is lost. */
	send(1, "lost");
	fails(msgrcv(id, (void *)8, 100, 0, IPC_NOWAIT), EFAULT);
	text_is(receive(100, 0, IPC_NOWAIT), "ENOMSG");
	ok(msgctl(id, IPC_RMID, NULL));
	fails(msgsnd(id, &m, 1, 0), EINVAL);
	fails(msgrcv(id, &m, 1, 0, 0), EINVAL);
}
