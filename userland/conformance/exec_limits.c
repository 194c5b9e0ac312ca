#include "test.h"
TEST("execve: argument and environment limits")
{
	if (test_argc > 1)
		exit(test_argc > 1000 ? 7 : (int)(strlen(test_argv[1]) / 1000));
	pid_t pid;
	char *one = malloc(200 << 10);
	memset(one, 'a', 200 << 10);
	/* One string: at most 32 pages with its NUL. */
	one[131071] = 0;
	char *argv[] = {"x", one, NULL};
	SPAWN(pid, execv("/proc/self/exe", argv));
	ends(pid, "exit 131");
	one[131071] = 'a';
	one[131072] = 0;
	fails(execv("/proc/self/exe", argv), E2BIG);
	/* All together: a quarter of the stack limit, pointers included. */
	static char *many[30002];
	for (int i = 0; i < 30000; i++)
		many[i] = "0123456789012345678901234567890123456789";
	CHILD({
		pid_t inner;
		SPAWN(inner, execv("/proc/self/exe", many));
		ends(inner, "exit 7");
		struct rlimit limit = {1 << 20, RLIM_INFINITY};
		need(setrlimit(RLIMIT_STACK, &limit));
		fails(execv("/proc/self/exe", many), E2BIG);
		fails(execve("/proc/self/exe", many + 29990, many), E2BIG);
	});
}
