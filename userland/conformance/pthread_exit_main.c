#include "test.h"
static void *last(void *arg)
{
	sleep_ms(30);
	printf("the other thread goes on\n");
	fflush(stdout);
	exit((int)(intptr_t)arg);
}
static void *quiet(void *arg) { return arg; }

TEST("pthread_exit of the first thread, exit of another, return from main")
{
	pid_t pid;
	SPAWN(pid, {
		pthread_t thread;
		need(-pthread_create(&thread, NULL, last, (void *)5));
		pthread_exit(NULL);
	});
	ends(pid, "exit 5");
	SPAWN(pid, {
		pthread_exit(NULL);
	});
	ends(pid, "exit 0");
	/* The process is no zombie while a thread lives, though its first thread is gone. */
	struct gate go = new_gate();
	SPAWN(pid, {
		pthread_t thread;
		need(-pthread_create(&thread, NULL, quiet, NULL));
		need(-pthread_join(thread, NULL));
		_exit(9);
	});
	ends(pid, "exit 9");
	(void)go;
}
