#include "test.h"
static void *add_one(void *arg) { return (void *)((intptr_t)arg + 1); }
static void *leave(void *arg) { pthread_exit(arg); }

TEST("pthread: create, join, exit values, many threads")
{
	pthread_t thread, many[50];
	void *value = NULL;
	gives(pthread_create(&thread, NULL, add_one, (void *)41), 0);
	gives(pthread_join(thread, &value), 0);
	is((intptr_t)value, 42);
	gives(pthread_create(&thread, NULL, leave, (void *)7), 0);
	gives(pthread_join(thread, &value), 0);
	is((intptr_t)value, 7);
	intptr_t sum = 0;
	for (intptr_t i = 0; i < 50; i++)
		need(-pthread_create(&many[i], NULL, add_one, (void *)i));
	for (int i = 0; i < 50; i++) {
		need(-pthread_join(many[i], &value));
		sum += (intptr_t)value;
	}
	is(sum, 49 * 50 / 2 + 50);
	for (int i = 0; i < 300; i++) {
		need(-pthread_create(&thread, NULL, add_one, NULL));
		need(-pthread_join(thread, NULL));
	}
	note("300 threads one after another");
	is(pthread_equal(pthread_self(), pthread_self()), 1);
	is(pthread_equal(pthread_self(), thread) != 0, 0);
}
