#include "test.h"
static struct gate started;
static int cleaned;

static void clean(void *arg) { cleaned += (int)(intptr_t)arg; }

static void *sleeper(void *arg)
{
	pthread_cleanup_push(clean, (void *)1);
	pthread_cleanup_push(clean, (void *)10);
	pass_gate(started);
	pause();
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}
static void *reader(void *arg)
{
	char byte;
	pass_gate(started);
	(void)!read((int)(intptr_t)arg, &byte, 1);
	return NULL;
}
static void *immune(void *arg)
{
	int old;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	pass_gate(started);
	wait_gate(*(struct gate *)arg);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	cleaned = 100;
	pthread_testcancel();
	cleaned = -1;
	return NULL;
}
static void *spinner(void *arg)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	pass_gate(started);
	for (volatile long i = 0;; i++)
		;
	return arg;
}
static int canceled(pthread_t thread)
{
	void *result;
	need(-pthread_join(thread, &result));
	return result == PTHREAD_CANCELED;
}

TEST("pthread_cancel: sleeping, reading, deferred and asynchronous")
{
	started = new_gate();
	pthread_t thread;
	int fds[2];
	need(pipe(fds));
	need(-pthread_create(&thread, NULL, sleeper, NULL));
	wait_gate(started);
	gives(pthread_cancel(thread), 0);
	is(canceled(thread), 1);
	is(cleaned, 11);
	need(-pthread_create(&thread, NULL, reader, (void *)(intptr_t)fds[0]));
	wait_gate(started);
	sleep_ms(10);
	gives(pthread_cancel(thread), 0);
	is(canceled(thread), 1);
	struct gate go = new_gate();
	need(-pthread_create(&thread, NULL, immune, &go));
	wait_gate(started);
	gives(pthread_cancel(thread), 0);
	pass_gate(go);
	is(canceled(thread), 1);
	is(cleaned, 100);
	need(-pthread_create(&thread, NULL, spinner, NULL));
	wait_gate(started);
	gives(pthread_cancel(thread), 0);
	is(canceled(thread), 1);
}
