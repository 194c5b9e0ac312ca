#include "hostile.h"

TEST("up to five thousand processes at once")
{
	enum { COUNT = 5000 };
	struct gate go = new_gate();
	static pid_t pids[COUNT];
	int made = 0;
	fflush(stdout);
	for (; made < COUNT; made++) {
		pids[made] = fork();
		if (pids[made] < 0)
			break;
		if (pids[made] == 0) {
			char byte;
			close(go.fd[1]);
			(void)!read(go.fd[0], &byte, 1);
			_exit(made & 127);
		}
	}
	/* As many as the memory of the machine allows. */
	holds(made >= 1500);
	close(go.fd[1]);
	int good = 0;
	for (int i = 0; i < made; i++) {
		int status = -1;
		good += waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status) && WEXITSTATUS(status) == (i & 127);
	}
	holds(good == made);
	still_alive();
}
