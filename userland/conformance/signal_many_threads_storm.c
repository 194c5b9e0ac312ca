#include "test.h"
enum { THREADS = 4, SIGNALS = 200 };
static int handled, sent;
static volatile int stop;

static void handler(int sig) { __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST); }
static void *work(void *arg)
{
	while (!stop)
		sched_yield();
	return arg;
}

TEST("real-time signals to busy threads: none is lost")
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
	need(sigaction(SIGRTMIN + 1, &sa, NULL));
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		need(-pthread_create(&threads[i], NULL, work, NULL));
	union sigval v = {0};
	for (int i = 0; i < SIGNALS; i++) {
		sent += sigqueue(getpid(), SIGRTMIN + 1, v) == 0;
		sent += pthread_kill(threads[i % THREADS], SIGRTMIN + 1) == 0;
	}
	is(sent, 2 * SIGNALS);
	for (int i = 0; i < 3000 && __atomic_load_n(&handled, __ATOMIC_SEQ_CST) < sent; i++)
		sleep_ms(1);
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		need(-pthread_join(threads[i], NULL));
	is(handled, 2 * SIGNALS);
}
