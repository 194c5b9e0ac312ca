#include "test.h"
#include <pthread.h>
#include "unix.h"

/* Of several threads that connect one socket at once, one does; the others are told that it is connected. */
enum { THREADS = 4, ROUNDS = 40 };

static int sock, connected, told, other_errors;
static pthread_barrier_t start;
static struct sockaddr_un names[THREADS];

static void *connect_own(void *number)
{
	struct sockaddr_un *a = &names[(long)number];
	pthread_barrier_wait(&start);
	if (connect(sock, (void *)a, sizeof *a) == 0)
		__atomic_add_fetch(&connected, 1, __ATOMIC_SEQ_CST);
	else if (errno == EISCONN)
		__atomic_add_fetch(&told, 1, __ATOMIC_SEQ_CST);
	else
		__atomic_add_fetch(&other_errors, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void run(int type)
{
	pthread_t threads[THREADS];
	int listeners[THREADS], wrong = 0, pending = 0, broken = 0;
	for (int i = 0; i < THREADS; i++) {
		names[i] = unix_name(type == SOCK_STREAM ? "s0" : "p0");
		names[i].sun_path[1] = (char)('0' + i);
		listeners[i] = (int)need(socket(AF_UNIX, type | SOCK_NONBLOCK, 0));
		need(bind(listeners[i], (void *)&names[i], sizeof names[i]));
		need(listen(listeners[i], 2));
	}
	for (int round = 0; round < ROUNDS; round++) {
		char b[4];
		connected = told = other_errors = 0;
		sock = (int)need(socket(AF_UNIX, type, 0));
		for (long i = 0; i < THREADS; i++)
			need(-(pthread_create(&threads[i], NULL, connect_own, (void *)i) != 0));
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		wrong += connected != 1 || told != THREADS - 1 || other_errors != 0;
		/* One listener has one connection, and the connection lives. */
		int server = -1;
		for (int i = 0; i < THREADS; i++) {
			int s;
			while ((s = accept(listeners[i], NULL, NULL)) >= 0) {
				pending++;
				if (server >= 0)
					close(s);
				else
					server = s;
			}
		}
		broken += send(sock, "hi", 2, MSG_NOSIGNAL) != 2 || recv(server, b, 4, MSG_DONTWAIT) != 2;
		broken += send(server, "ho", 2, MSG_NOSIGNAL) != 2 || recv(sock, b, 4, MSG_DONTWAIT) != 2;
		close(server);
		broken += recv(sock, b, 4, MSG_DONTWAIT) != 0;
		close(sock);
	}
	is(wrong, 0);
	is(pending, ROUNDS);
	is(broken, 0);
	for (int i = 0; i < THREADS; i++)
		close(listeners[i]);
}

/* Two that wait for room in the queues of two listeners. */
static void waiting(void)
{
	int l[2], filler[2];
	pthread_t threads[2];
	for (int i = 0; i < 2; i++) {
		names[i] = unix_name(i ? "w1" : "w0");
		l[i] = (int)need(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
		need(bind(l[i], (void *)&names[i], sizeof names[i]));
		need(listen(l[i], 0));
		filler[i] = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
		need(connect(filler[i], (void *)&names[i], sizeof names[i]));
	}
	pthread_barrier_init(&start, NULL, 3);
	connected = told = other_errors = 0;
	sock = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	for (long i = 0; i < 2; i++)
		need(-(pthread_create(&threads[i], NULL, connect_own, (void *)i) != 0));
	pthread_barrier_wait(&start);
	sleep_ms(20);
	is(connected + told + other_errors, 0);
	ok(accept(l[1], NULL, NULL));
	pthread_join(threads[1], NULL);
	is(connected, 1);
	sleep_ms(20);
	is(told, 0);
	ok(accept(l[0], NULL, NULL));
	pthread_join(threads[0], NULL);
	is(told, 1);
	fails(accept(l[0], NULL, NULL), EAGAIN);
	ok(accept(l[1], NULL, NULL));
	/* The place in the first one's queue was given back. */
	int c = (int)need(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
	ok(connect(c, (void *)&names[0], sizeof names[0]));
}

/* One thread connects a socket, the other makes a listener of it: one of them fails, with EINVAL. */
static int invalid;
static void *listen_own(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&start);
	if (listen(sock, 4) == 0)
		__atomic_add_fetch(&connected, 1, __ATOMIC_SEQ_CST);
	else
		__atomic_add_fetch(&invalid, errno == EINVAL, __ATOMIC_SEQ_CST);
	return NULL;
}
static void *connect_first(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&start);
	if (connect(sock, (void *)&names[0], sizeof names[0]) == 0)
		__atomic_add_fetch(&connected, 1, __ATOMIC_SEQ_CST);
	else
		__atomic_add_fetch(&invalid, errno == EINVAL, __ATOMIC_SEQ_CST);
	return NULL;
}
static void listening(void)
{
	int wrong = 0;
	pthread_t threads[2];
	names[0] = unix_name("listener");
	int l = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	need(bind(l, (void *)&names[0], sizeof names[0]));
	need(listen(l, ROUNDS));
	pthread_barrier_init(&start, NULL, 2);
	for (int round = 0; round < ROUNDS; round++) {
		sa_family_t family = AF_UNIX;
		connected = invalid = 0;
		sock = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
		need(bind(sock, (void *)&family, sizeof family));
		need(-(pthread_create(&threads[0], NULL, connect_first, NULL) != 0));
		need(-(pthread_create(&threads[1], NULL, listen_own, NULL) != 0));
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
		wrong += connected != 1 || invalid != 1;
		close(sock);
	}
	is(wrong, 0);
}

TEST("threads that connect one socket at once: one connection, EISCONN for the others; or that listen on it")
{
	pthread_barrier_init(&start, NULL, THREADS);
	run(SOCK_STREAM);
	run(SOCK_SEQPACKET);
	waiting();
	listening();
}
