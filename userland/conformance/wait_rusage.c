#include "test.h"

static void burn(long nanoseconds)
{
	struct timespec t;
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	while (t.tv_sec == 0 && t.tv_nsec < nanoseconds);
}

TEST("wait4, getrusage, times: the CPU time of children adds up when they are waited for")
{
	struct rusage before, after, child;
	ok(getrusage(RUSAGE_CHILDREN, &before));
	is(before.ru_utime.tv_sec + before.ru_utime.tv_usec, 0);
	pid_t pid = start_child();
	if (pid == 0) {
		burn(60000000);
		_exit(0);
	}
	need(await_state(pid, 'Z') ? 0 : -1);
	ok(getrusage(RUSAGE_CHILDREN, &before));
	is(before.ru_utime.tv_sec + before.ru_utime.tv_usec, 0);
	int status;
	holds(wait4(pid, &status, 0, &child) == pid);
	long used = child.ru_utime.tv_sec * 1000000 + child.ru_utime.tv_usec + child.ru_stime.tv_sec * 1000000 + child.ru_stime.tv_usec;
	holds(used >= 40000 && used < 5000000);
	ok(getrusage(RUSAGE_CHILDREN, &after));
	long total = after.ru_utime.tv_sec * 1000000 + after.ru_utime.tv_usec + after.ru_stime.tv_sec * 1000000 + after.ru_stime.tv_usec;
	holds(total >= used);
	/* What a child's children used is reported with it. */
	pid = start_child();
	if (pid == 0) {
		pid_t below = start_child();
		if (below == 0) {
			burn(60000000);
			_exit(0);
		}
		waitpid(below, NULL, 0);
		_exit(0);
	}
	holds(wait4(pid, &status, 0, &child) == pid);
	holds(child.ru_utime.tv_sec * 1000000 + child.ru_utime.tv_usec + child.ru_stime.tv_sec * 1000000 + child.ru_stime.tv_usec >= 40000);
	ok(getrusage(RUSAGE_SELF, &after));
	ok(getrusage(RUSAGE_THREAD, &after));
	fails(getrusage(5, &after), EINVAL);
	fails(syscall(SYS_getrusage, RUSAGE_SELF, (void *)8), EFAULT);
}
