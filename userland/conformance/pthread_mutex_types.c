#include "test.h"
static pthread_mutex_t mutex;

static void *try_it(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)pthread_mutex_trylock(&mutex);
}
static void *unlock_it(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)pthread_mutex_unlock(&mutex);
}
static int elsewhere(void *(*what)(void *))
{
	pthread_t thread;
	void *result;
	need(-pthread_create(&thread, NULL, what, NULL));
	need(-pthread_join(thread, &result));
	return (int)(intptr_t)result;
}
static void make(int type)
{
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	need(-pthread_mutexattr_settype(&attr, type));
	need(-pthread_mutex_init(&mutex, &attr));
}
static int counter;
static void *count_up(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

TEST("pthread mutexes: normal, recursive, error checking, under contention")
{
	make(PTHREAD_MUTEX_NORMAL);
	gives(pthread_mutex_lock(&mutex), 0);
	gives(pthread_mutex_trylock(&mutex), EBUSY);
	gives(elsewhere(try_it), EBUSY);
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += 20000000;
	if (t.tv_nsec >= 1000000000)
		t.tv_sec++, t.tv_nsec -= 1000000000;
	gives(pthread_mutex_timedlock(&mutex, &t), ETIMEDOUT);
	gives(pthread_mutex_unlock(&mutex), 0);
	gives(elsewhere(try_it), 0);
	make(PTHREAD_MUTEX_RECURSIVE);
	gives(pthread_mutex_lock(&mutex), 0);
	gives(pthread_mutex_lock(&mutex), 0);
	gives(elsewhere(try_it), EBUSY);
	gives(pthread_mutex_unlock(&mutex), 0);
	gives(elsewhere(try_it), EBUSY);
	gives(elsewhere(unlock_it), EPERM);
	gives(pthread_mutex_unlock(&mutex), 0);
	gives(pthread_mutex_unlock(&mutex), EPERM);
	make(PTHREAD_MUTEX_ERRORCHECK);
	gives(pthread_mutex_lock(&mutex), 0);
	gives(pthread_mutex_lock(&mutex), EDEADLK);
	gives(elsewhere(unlock_it), EPERM);
	gives(pthread_mutex_unlock(&mutex), 0);
	make(PTHREAD_MUTEX_NORMAL);
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		need(-pthread_create(&threads[i], NULL, count_up, NULL));
	for (int i = 0; i < 4; i++)
		need(-pthread_join(threads[i], NULL));
	is(counter, 80000);
}
