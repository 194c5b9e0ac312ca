#include "test.h"
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static int serials, phase[4], value;

static void *try_write(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)pthread_rwlock_trywrlock(&lock);
}
static void *try_read(void *arg)
{
	(void)arg;
	int r = pthread_rwlock_tryrdlock(&lock);
	if (r == 0)
		pthread_rwlock_unlock(&lock);
	return (void *)(intptr_t)r;
}
static int elsewhere(void *(*what)(void *))
{
	pthread_t thread;
	void *result;
	need(-pthread_create(&thread, NULL, what, NULL));
	need(-pthread_join(thread, &result));
	return (int)(intptr_t)result;
}
static void *in_step(void *arg)
{
	int bad = 0;
	for (int i = 1; i <= 50; i++) {
		phase[(intptr_t)arg] = i;
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_add_fetch(&serials, 1, __ATOMIC_SEQ_CST);
		for (int j = 0; j < 4; j++)
			bad += phase[j] != i;
		pthread_barrier_wait(&barrier);
	}
	return (void *)(intptr_t)bad;
}
static void *writer(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		pthread_rwlock_wrlock(&lock);
		value++;
		pthread_rwlock_unlock(&lock);
		pthread_rwlock_rdlock(&lock);
		pthread_rwlock_unlock(&lock);
	}
	return arg;
}

TEST("pthread rwlocks, barriers and spin locks")
{
	gives(pthread_rwlock_rdlock(&lock), 0);
	gives(elsewhere(try_read), 0);
	gives(elsewhere(try_write), EBUSY);
	gives(pthread_rwlock_unlock(&lock), 0);
	gives(pthread_rwlock_wrlock(&lock), 0);
	gives(elsewhere(try_read), EBUSY);
	gives(elsewhere(try_write), EBUSY);
	gives(pthread_rwlock_unlock(&lock), 0);
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		need(-pthread_create(&threads[i], NULL, writer, NULL));
	for (int i = 0; i < 4; i++)
		need(-pthread_join(threads[i], NULL));
	is(value, 8000);
	gives(pthread_barrier_init(&barrier, NULL, 0), EINVAL);
	gives(pthread_barrier_init(&barrier, NULL, 4), 0);
	for (intptr_t i = 0; i < 4; i++)
		need(-pthread_create(&threads[i], NULL, in_step, (void *)i));
	int bad = 0;
	for (int i = 0; i < 4; i++) {
		void *result;
		need(-pthread_join(threads[i], &result));
		bad += (int)(intptr_t)result;
	}
	is(bad, 0);
	is(serials, 50);
	pthread_spinlock_t spin;
	gives(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE), 0);
	gives(pthread_spin_lock(&spin), 0);
	gives(pthread_spin_trylock(&spin), EBUSY);
	gives(pthread_spin_unlock(&spin), 0);
	gives(pthread_spin_trylock(&spin), 0);
}
