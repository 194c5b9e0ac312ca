#include "test.h"
#include <pthread.h>
#include "unix.h"

/* Of several threads that bind one socket, each to its own name, one gets it, and the others' names stay free. */
enum { THREADS = 4, ROUNDS = 50 };

static int sock, bound;
static pthread_barrier_t start;

static void *bind_own(void *number)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = {0, 'r', (char)('0' + (long)number)}};
	pthread_barrier_wait(&start);
	if (bind(sock, (void *)&a, sizeof(sa_family_t) + 3) == 0)
		__atomic_add_fetch(&bound, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

TEST("threads that bind one socket at once: one name only")
{
	pthread_t threads[THREADS];
	int wrong = 0;
	pthread_barrier_init(&start, NULL, THREADS);
	for (int round = 0; round < ROUNDS; round++) {
		bound = 0;
		sock = (int)need(socket(AF_UNIX, SOCK_DGRAM, 0));
		for (long i = 0; i < THREADS; i++)
			is(pthread_create(&threads[i], NULL, bind_own, (void *)i), 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		wrong += bound != 1;
		close(sock);
	}
	is(wrong, 0);
}
