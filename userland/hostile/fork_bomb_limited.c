#include "hostile.h"

static void bomb(void *arg)
{
	struct rlimit limit = {60, 60};
	need(setrlimit(RLIMIT_NPROC, &limit));
	become(54321);
	for (;;)
		if (fork() < 0 && errno != EAGAIN)
			_exit(9);
}

TEST("a fork bomb under RLIMIT_NPROC stays within it and can be killed")
{
	int counted[2];
	need(pipe(counted));
	pid_t pid = start_child();
	if (pid == 0) {
		struct rlimit limit = {60, 60};
		need(setrlimit(RLIMIT_NPROC, &limit));
		become(54321);
		setpgid(0, 0);
		int made = 0;
		while (fork() >= 0)
			if (getpid() != getpgrp())
				for (;;)
					pause();
			else
				made++;
		int error = errno;
		need(write(counted[1], &made, sizeof made));
		need(write(counted[1], &error, sizeof error));
		pause();
	}
	int made = 0, error = 0;
	need(read(counted[0], &made, sizeof made));
	need(read(counted[0], &error, sizeof error));
	is(made, 59);
	text_is(errno_name(error), "EAGAIN");
	need(kill(-pid, SIGKILL));
	ends(pid, "signal SIGKILL");
	/* Now everybody forks as fast as possible. */
	int status = run_guarded(bomb, NULL, 700);
	is(status, -1);
	still_alive();
}
