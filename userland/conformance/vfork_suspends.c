#include "test.h"
static volatile int seen;

static __attribute__((noinline)) int run(int how)
{
	char *argv[] = {"again", "7", NULL};
	seen = 0;
	pid_t pid = vfork();
	if (pid == 0) {
		seen = 1;
		for (volatile int i = 0; i < 2000000; i++)
			;
		seen = 2;
		if (how == 1)
			execv("/proc/self/exe", argv);
		if (how == 2)
			kill(getpid(), SIGKILL);
		_exit(5);
	}
	/* The parent only runs once the child has left its memory. */
	int at_return = seen, status = 0;
	waitpid(pid, &status, 0);
	printf("parent saw %d, child: %s\n", at_return, status_name(status));
	return at_return;
}

TEST("vfork: shares memory and holds the parent until exec, exit or death")
{
	if (test_argc > 1)
		exit(atoi(test_argv[1]));
	is(run(0), 2);
	is(run(1), 2);
	is(run(2), 2);
}
