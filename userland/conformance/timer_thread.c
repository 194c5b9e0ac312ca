#include "test.h"
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id __sev_fields.sigev_notify_thread_id
#endif

static pthread_t got;
static volatile int done;
static void handler(int sig)
{
	got = pthread_self();
	done = 1;
}
static struct gate ready;
static int tid;
static void *work(void *arg)
{
	tid = (int)syscall(SYS_gettid);
	pass_gate(ready);
	while (!done)
		sleep_ms(1);
	return arg;
}
static volatile int called;
static void notify(union sigval v) { called = v.sival_int; }

TEST("timers that notify a thread: SIGEV_THREAD_ID and the library's SIGEV_THREAD")
{
	ready = new_gate();
	signal(SIGUSR1, handler);
	pthread_t thread;
	need(-pthread_create(&thread, NULL, work, NULL));
	wait_gate(ready);
	int id;
	struct sigevent ev = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
	ev.sigev_notify_thread_id = tid;
	ok(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id));
	struct itimerspec t = {{0, 0}, {0, 5000000}};
	ok(syscall(SYS_timer_settime, id, 0, &t, NULL));
	need(-pthread_join(thread, NULL));
	holds(pthread_equal(got, thread));
	ev.sigev_notify_thread_id = 1;
	fails(syscall(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id), EINVAL);
	struct sigevent te = {.sigev_notify = SIGEV_THREAD, .sigev_value.sival_int = 5, .sigev_notify_function = notify};
	timer_t timer;
	ok(timer_create(CLOCK_MONOTONIC, &te, &timer));
	ok(timer_settime(timer, 0, &t, NULL));
	for (int i = 0; i < 2000 && !called; i++)
		sleep_ms(1);
	is(called, 5);
	ok(timer_delete(timer));
}
