#include "test.h"
static pthread_mutex_t *mutex;

static void *lock_and_die(void *arg)
{
	pthread_mutex_lock(mutex);
	return arg;
}

static void make(void)
{
	pthread_mutexattr_t attr;
	gives(pthread_mutexattr_init(&attr), 0);
	gives(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST), 0);
	gives(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED), 0);
	gives(pthread_mutex_init(mutex, &attr), 0);
}

TEST("pthread robust mutexes: EOWNERDEAD, consistent, not recoverable")
{
	mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	make();
	pthread_t thread;
	need(-pthread_create(&thread, NULL, lock_and_die, NULL));
	need(-pthread_join(thread, NULL));
	gives(pthread_mutex_lock(mutex), EOWNERDEAD);
	gives(pthread_mutex_consistent(mutex), 0);
	gives(pthread_mutex_unlock(mutex), 0);
	gives(pthread_mutex_lock(mutex), 0);
	gives(pthread_mutex_unlock(mutex), 0);
	pid_t pid;
	SPAWN(pid, {
		pthread_mutex_lock(mutex);
		kill(getpid(), SIGKILL);
	});
	ends(pid, "signal SIGKILL");
	gives(pthread_mutex_trylock(mutex), EOWNERDEAD);
	gives(pthread_mutex_unlock(mutex), 0);
	gives(pthread_mutex_lock(mutex), ENOTRECOVERABLE);
	/* A waiter that sleeps when the owner dies is woken. */
	make();
	struct gate held = new_gate(), die = new_gate();
	SPAWN(pid, {
		pthread_mutex_lock(mutex);
		pass_gate(held);
		wait_gate(die);
	});
	wait_gate(held);
	pid_t waiter;
	SPAWN(waiter, gives(pthread_mutex_lock(mutex), EOWNERDEAD));
	holds(await_state(waiter, 'S'));
	pass_gate(die);
	ends(pid, "exit 0");
	ends(waiter, "exit 0");
}
