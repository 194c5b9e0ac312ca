#include "hostile.h"
#include <sys/prctl.h>

static void bomb(void *arg)
{
	struct rlimit limit = {60, 60};
	need(setrlimit(RLIMIT_NPROC, &limit));
	become(54321);
	for (;;)
		if (fork() < 0 && errno != EAGAIN)
			_exit(9);
}

/* Waits for orphans too: the killed ones count for their user until they are gone. */
static void reap_all(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
}

TEST("a fork bomb under RLIMIT_NPROC stays within it and can be killed")
{
	int counted[2];
	need(prctl(PR_SET_CHILD_SUBREAPER, 1));
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
	/* If it should fail, this read ends. */
	close(counted[1]);
	int made = 0, error = 0;
	need(read(counted[0], &made, sizeof made));
	need(read(counted[0], &error, sizeof error));
	is(made, 59);
	text_is(errno_name(error), "EAGAIN");
	need(kill(-pid, SIGKILL));
	ends(pid, "signal SIGKILL");
	reap_all();
	/* Now everybody forks as fast as possible. */
	int status = run_guarded(bomb, NULL, 300);
	is(status, -1);
	reap_all();
	fails(waitpid(-1, NULL, 0), ECHILD);
	still_alive();
}
