#include "test.h"
TEST("default action of every signal")
{
	for (int sig = 1; sig <= 64; sig++) {
		if (sig == 32 || sig == 33 || sig == 34)
			continue;
		pid_t pid = start_child();
		if (pid == 0) {
			setpgid(0, 0);
			kill(getpid(), sig);
			_exit(0);
		}
		int status;
		need(waitpid(pid, &status, WUNTRACED));
		printf("%s: %s\n", signal_name(sig), status_name(status));
		if (WIFSTOPPED(status)) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
		}
	}
}
