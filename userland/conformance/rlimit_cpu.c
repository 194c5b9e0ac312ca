#include "test.h"
static void burn(void)
{
	for (volatile unsigned long i = 0;; i++)
		;
}
static volatile sig_atomic_t warnings;
static void warned(int signo)
{
	is(signo, SIGXCPU);
	struct rlimit limit;
	need(getrlimit(RLIMIT_CPU, &limit));
	/* Each warning is good for one second more. */
	is((long)limit.rlim_cur, 1 + ++warnings);
	is((long)limit.rlim_max, 3);
}
static void limited(rlim_t soft, rlim_t hard)
{
	struct rlimit limit = {soft, hard};
	need(setrlimit(RLIMIT_CPU, &limit));
}
TEST("RLIMIT_CPU: a warning each second from the soft limit on, the end at the hard one")
{
	pid_t child = fork();
	if (child == 0) {
		limited(1, 10);
		burn();
	}
	int status;
	holds(waitpid(child, &status, 0) == child);
	holds(WIFSIGNALED(status));
	is(WTERMSIG(status), SIGXCPU);

	/* The limit is inherited, the time used so far is not. */
	limited(1, 3);
	child = fork();
	if (child == 0) {
		signal(SIGXCPU, warned);
		burn();
	}
	holds(waitpid(child, &status, 0) == child);
	holds(WIFSIGNALED(status));
	is(WTERMSIG(status), SIGKILL);
	struct rusage used;
	need(getrusage(RUSAGE_CHILDREN, &used));
	holds(used.ru_utime.tv_sec + used.ru_stime.tv_sec >= 3);
}
