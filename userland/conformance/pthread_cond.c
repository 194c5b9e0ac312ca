#include "test.h"
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER, back = PTHREAD_COND_INITIALIZER;
static int turn, waiting, released;

static void *player(void *arg)
{
	int me = (int)(intptr_t)arg;
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < 500; i++) {
		while (turn % 2 != me)
			pthread_cond_wait(&cond, &mutex);
		turn++;
		pthread_cond_signal(&cond);
	}
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void *crowd(void *arg)
{
	pthread_mutex_lock(&mutex);
	waiting++;
	pthread_cond_signal(&back);
	pthread_cond_wait(&cond, &mutex);
	released++;
	pthread_mutex_unlock(&mutex);
	return arg;
}

TEST("pthread condition variables: ping-pong, broadcast, timeouts on both clocks")
{
	pthread_t threads[8];
	for (intptr_t i = 0; i < 2; i++)
		need(-pthread_create(&threads[i], NULL, player, (void *)i));
	for (int i = 0; i < 2; i++)
		need(-pthread_join(threads[i], NULL));
	is(turn, 1000);
	for (int i = 0; i < 8; i++)
		need(-pthread_create(&threads[i], NULL, crowd, NULL));
	pthread_mutex_lock(&mutex);
	while (waiting < 8)
		pthread_cond_wait(&back, &mutex);
	gives(pthread_cond_broadcast(&cond), 0);
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < 8; i++)
		need(-pthread_join(threads[i], NULL));
	is(released, 8);
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	pthread_mutex_lock(&mutex);
	gives(pthread_cond_timedwait(&cond, &mutex, &t), ETIMEDOUT);
	pthread_condattr_t attr;
	pthread_cond_t mono;
	gives(pthread_condattr_init(&attr), 0);
	gives(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC), 0);
	gives(pthread_condattr_setclock(&attr, CLOCK_PROCESS_CPUTIME_ID), EINVAL);
	gives(pthread_cond_init(&mono, &attr), 0);
	clock_gettime(CLOCK_MONOTONIC, &t);
	long start = now_ms();
	t.tv_nsec += 30000000;
	if (t.tv_nsec >= 1000000000)
		t.tv_sec++, t.tv_nsec -= 1000000000;
	gives(pthread_cond_timedwait(&mono, &mutex, &t), ETIMEDOUT);
	holds(now_ms() - start >= 29);
	t.tv_nsec = -1;
	gives(pthread_cond_timedwait(&mono, &mutex, &t), EINVAL);
	pthread_mutex_unlock(&mutex);
}
