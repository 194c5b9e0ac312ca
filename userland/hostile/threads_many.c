#include "hostile.h"

static struct gate go;

static void *wait_for_it(void *arg)
{
	char byte;
	(void)!read(go.fd[0], &byte, 1);
	return arg;
}

TEST("five hundred threads at once, joined, and again while being killed")
{
	enum { COUNT = 500 };
	static pthread_t threads[COUNT];
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32768);
	go = new_gate();
	int made = 0, good = 0;
	for (intptr_t i = 0; i < COUNT; i++)
		made += pthread_create(&threads[i], &attr, wait_for_it, (void *)i) == 0;
	is(made, COUNT);
	close(go.fd[1]);
	for (intptr_t i = 0; i < COUNT; i++) {
		void *result;
		good += pthread_join(threads[i], &result) == 0 && (intptr_t)result == i;
	}
	is(good, COUNT);
	for (int round = 0; round < 5; round++) {
		pid_t pid;
		SPAWN(pid, {
			go = new_gate();
			for (intptr_t i = 0; i < 50; i++)
				pthread_create(&threads[i], &attr, wait_for_it, NULL);
			kill(getpid(), SIGKILL);
			pause();
		});
		ends(pid, "signal SIGKILL");
	}
	still_alive();
}
