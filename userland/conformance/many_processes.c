#include "test.h"
TEST("a hundred children at once, each with its own answer; ids are not reused at once")
{
	enum { COUNT = 100 };
	struct gate go = new_gate();
	pid_t pids[COUNT];
	for (int i = 0; i < COUNT; i++) {
		pids[i] = start_child();
		if (pids[i] == 0) {
			close(go.fd[1]);
			wait_gate(go);
			_exit(i);
		}
	}
	close(go.fd[1]);
	int good = 0, distinct = 1;
	for (int i = 0; i < COUNT; i++) {
		int status = -1;
		for (int j = 0; j < i; j++)
			distinct &= pids[i] != pids[j];
		if (waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status) && WEXITSTATUS(status) == i)
			good++;
	}
	is(good, COUNT);
	is(distinct, 1);
	fails(wait(NULL), ECHILD);
	/* Five hundred one after another. */
	good = 0;
	pid_t last = 0;
	for (int i = 0; i < 500; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(i & 127);
		int status;
		good += waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == (i & 127) && pid != last;
		last = pid;
	}
	is(good, 500);
}
