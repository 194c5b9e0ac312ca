#include "test.h"
#include <sched.h>
#include <linux/sched.h>

static volatile int got[65], order;
static void on_signal(int sig) { got[sig] = ++order; }

static pid_t raw(unsigned long flags)
{
	pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(5);
	return (pid_t)need(pid);
}

TEST("clone: the exit signal, and __WCLONE, __WALL in wait")
{
	signal(SIGCHLD, on_signal);
	signal(SIGUSR1, on_signal);
	int status;
	pid_t pid = raw(SIGCHLD);
	is(waitpid(pid, &status, 0) == pid, 1);
	is(got[SIGCHLD], 1);
	pid = raw(SIGUSR1);
	is(waitpid(pid, &status, __WALL) == pid, 1);
	is(got[SIGUSR1], 2);
	is(got[SIGCHLD], 1);
	text_is(status_name(status), "exit 5");
	pid = raw(SIGUSR1);
	fails(waitpid(pid, &status, 0), ECHILD);
	is(waitpid(pid, &status, __WCLONE) == pid, 1);
	/* No signal at all. */
	pid = raw(0);
	is(waitpid(pid, &status, __WCLONE) == pid, 1);
	is(order, 3);
	pid = raw(SIGCHLD);
	fails(waitpid(pid, &status, __WCLONE), ECHILD);
	is(waitpid(pid, &status, __WALL) == pid, 1);
}
