#include "test.h"
static struct gate started;

static void *spin(void *arg)
{
	pass_gate(started);
	for (volatile long i = 0;; i++)
		;
	return arg;
}
static void *block(void *arg)
{
	char c;
	pass_gate(started);
	(void)!read((int)(intptr_t)arg, &c, 1);
	return NULL;
}
static void *crash(void *arg)
{
	*(volatile int *)arg = 1;
	return NULL;
}
static void *only_me(void *arg)
{
	pass_gate(started);
	syscall(SYS_exit, 3);
	return arg;
}

TEST("exit_group, a crash and _exit of one thread: what ends the process")
{
	started = new_gate();
	pid_t pid;
	int fds[2];
	need(pipe(fds));
	SPAWN(pid, {
		pthread_t t;
		need(-pthread_create(&t, NULL, spin, NULL));
		need(-pthread_create(&t, NULL, block, (void *)(intptr_t)fds[0]));
		wait_gate(started);
		wait_gate(started);
		syscall(SYS_exit_group, 21);
	});
	ends(pid, "exit 21");
	SPAWN(pid, {
		pthread_t t;
		need(-pthread_create(&t, NULL, block, (void *)(intptr_t)fds[0]));
		wait_gate(started);
		need(-pthread_create(&t, NULL, crash, (void *)16));
		pause();
	});
	ends(pid, "signal SIGSEGV");
	SPAWN(pid, {
		pthread_t t;
		need(-pthread_create(&t, NULL, only_me, NULL));
		wait_gate(started);
		sleep_ms(10);
		_exit(4);
	});
	ends(pid, "exit 4");
	SPAWN(pid, {
		pthread_t t;
		need(-pthread_create(&t, NULL, spin, NULL));
		wait_gate(started);
		kill(getpid(), SIGTERM);
		for (;;)
			pause();
	});
	ends(pid, "signal SIGTERM");
}
