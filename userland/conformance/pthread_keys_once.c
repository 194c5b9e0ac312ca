#include "test.h"
static pthread_key_t key, other;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int runs, destroyed;

static void init(void) { __atomic_add_fetch(&runs, 1, __ATOMIC_SEQ_CST); }
static void destroy(void *value)
{
	if ((intptr_t)value > 1)
		/* A destructor that sets the key again is called again. */
		pthread_setspecific(key, (void *)((intptr_t)value - 1));
	__atomic_add_fetch(&destroyed, 1, __ATOMIC_SEQ_CST);
}
static void *work(void *arg)
{
	pthread_once(&once, init);
	if (pthread_getspecific(key))
		return (void *)1;
	pthread_setspecific(key, arg);
	return pthread_getspecific(key) == arg ? NULL : (void *)2;
}

static __thread int local = 5;
static void *tls(void *arg)
{
	int before = local;
	local = (int)(intptr_t)arg;
	sched_yield();
	errno = local;
	return (void *)(intptr_t)(before == 5 && local == (int)(intptr_t)arg && errno == local);
}

TEST("pthread: keys with destructors, once, thread-local variables, errno per thread")
{
	gives(pthread_key_create(&key, destroy), 0);
	gives(pthread_key_create(&other, NULL), 0);
	holds(pthread_getspecific(key) == NULL);
	pthread_t threads[8];
	for (intptr_t i = 0; i < 8; i++)
		need(-pthread_create(&threads[i], NULL, work, (void *)3));
	for (int i = 0; i < 8; i++) {
		void *result;
		need(-pthread_join(threads[i], &result));
		is((intptr_t)result, 0);
	}
	is(runs, 1);
	is(destroyed, 24);
	gives(pthread_key_delete(key), 0);
	errno = 77;
	for (intptr_t i = 0; i < 8; i++)
		need(-pthread_create(&threads[i], NULL, tls, (void *)(i + 100)));
	for (int i = 0; i < 8; i++) {
		void *result;
		need(-pthread_join(threads[i], &result));
		is((intptr_t)result, 1);
	}
	is(local, 5);
	is(errno, 77);
}
