#include "test.h"
static struct gate started;
static volatile sig_atomic_t handled;
static pthread_t handler_thread;

static void on_signal(int sig)
{
	handler_thread = pthread_self();
	handled = sig;
}

static void *waiter(void *arg)
{
	pass_gate(started);
	while (!handled)
		sleep_ms(1);
	return arg;
}

static void *sync_waiter(void *arg)
{
	int sig = 0;
	pass_gate(started);
	sigwait(arg, &sig);
	return (void *)(intptr_t)sig;
}

TEST("pthread_kill, pthread_sigmask, sigwait: signals for one thread and for any")
{
	started = new_gate();
	pthread_t thread;
	void *result;
	signal(SIGUSR1, on_signal);
	need(-pthread_create(&thread, NULL, waiter, NULL));
	wait_gate(started);
	gives(pthread_kill(thread, 0), 0);
	gives(pthread_kill(thread, 99), EINVAL);
	gives(pthread_kill(thread, SIGUSR1), 0);
	need(-pthread_join(thread, NULL));
	holds(pthread_equal(handler_thread, thread));
	/* A process signal goes to the thread that does not block it. */
	sigset_t set, pending;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	handled = 0;
	need(-pthread_create(&thread, NULL, waiter, NULL));
	wait_gate(started);
	gives(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	ok(kill(getpid(), SIGUSR1));
	need(-pthread_join(thread, NULL));
	holds(pthread_equal(handler_thread, thread));
	/* Blocked everywhere: sigwait in another thread takes it. */
	need(-pthread_create(&thread, NULL, sync_waiter, &set));
	wait_gate(started);
	ok(kill(getpid(), SIGUSR1));
	need(-pthread_join(thread, &result));
	is((intptr_t)result, SIGUSR1);
	/* Pending for a thread is not pending for another. */
	gives(pthread_kill(pthread_self(), SIGUSR1), 0);
	sigpending(&pending);
	is(sigismember(&pending, SIGUSR1), 1);
	int sig = 0;
	gives(sigwait(&set, &sig), 0);
	is(sig, SIGUSR1);
	sigpending(&pending);
	is(sigismember(&pending, SIGUSR1), 0);
	gives(pthread_sigmask(99, &set, NULL), EINVAL);
}
