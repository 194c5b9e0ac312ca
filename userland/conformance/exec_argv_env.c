#include "test.h"
TEST("execve: arguments, environment, process id, empty vectors")
{
	if (test_argc > 1 && !strcmp(test_argv[1], "show")) {
		for (int i = 0; i < test_argc; i++)
			printf("argv[%d] = \"%s\"\n", i, test_argv[i]);
		for (char **e = environ; *e; e++)
			printf("env \"%s\"\n", *e);
		return;
	}
	if (test_argc > 1 && !strcmp(test_argv[1], "pid")) {
		holds(atoi(test_argv[2]) == getpid());
		return;
	}
	pid_t pid;
	char *argv[] = {"name zero", "show", "", "two words", "tab\there", NULL}, *env[] = {"A=1", "EMPTY=", "=odd", "no-sign", NULL};
	SPAWN(pid, execve("/proc/self/exe", argv, env));
	ends(pid, "exit 0");
	SPAWN(pid, execve("/proc/self/exe", argv, NULL));
	ends(pid, "exit 0");
	char id[16];
	SPAWN(pid, {
		snprintf(id, sizeof id, "%d", getpid());
		char *again[] = {"x", "pid", id, NULL};
		execve("/proc/self/exe", again, env);
	});
	ends(pid, "exit 0");
}
