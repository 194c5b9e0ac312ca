#include "test.h"
static int global = 1;

TEST("fork: return values, separate memory, inherited state")
{
	int local = 1;
	pid_t me = getpid(), pid;
	SPAWN(pid, {
		holds(getpid() != me);
		holds(getppid() == me);
		global = 2;
		local = 2;
		_exit(17);
	});
	holds(pid > 0 && pid != me);
	ends(pid, "exit 17");
	is(global + local, 2);
	/* Inherited: cwd, umask, signal handlers and mask, process group, session, nice, limits. */
	need(mkdir("d", 0755));
	need(chdir("d"));
	umask(027);
	signal(SIGUSR1, SIG_IGN);
	sigset_t set, seen;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR2);
	alarm(1000);
	pid_t group = getpgrp(), session = getsid(0);
	CHILD({
		char path[PATH_MAX];
		text_is(strrchr(getcwd(path, sizeof path), '/'), "/d");
		is(umask(022), 027);
		struct sigaction sa;
		need(sigaction(SIGUSR1, NULL, &sa));
		holds(sa.sa_handler == SIG_IGN);
		sigprocmask(SIG_BLOCK, NULL, &seen);
		is(sigismember(&seen, SIGUSR2), 1);
		holds(getpgrp() == group && getsid(0) == session);
		/* Not inherited: pending signals, alarms, CPU time. */
		sigpending(&seen);
		is(sigismember(&seen, SIGUSR2), 0);
		is(alarm(0), 0);
	});
	holds(alarm(0) > 900);
	sigpending(&seen);
	is(sigismember(&seen, SIGUSR2), 1);
}
