#include "test.h"
static struct gate started;

static void *other(void *arg)
{
	pass_gate(started);
	pause();
	return arg;
}
static void *forker(void *arg)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(getpid() == syscall(SYS_gettid) ? 6 : 7);
	int status;
	waitpid(pid, &status, 0);
	(void)arg;
	return (void *)(intptr_t)WEXITSTATUS(status);
}
static int prepared, in_parent, in_child;
static void prepare(void) { prepared++; }
static void parent(void) { in_parent++; }
static void child(void) { in_child++; }

TEST("fork in a threaded process: only the caller is copied; atfork handlers")
{
	started = new_gate();
	pthread_t thread;
	void *result;
	need(-pthread_create(&thread, NULL, other, NULL));
	wait_gate(started);
	CHILD({
		struct stat st;
		need(stat("/proc/self/task", &st));
		is(st.st_nlink, 3);
	});
	need(-pthread_create(&thread, NULL, forker, NULL));
	need(-pthread_join(thread, &result));
	is((intptr_t)result, 6);
	gives(pthread_atfork(prepare, parent, child), 0);
	CHILD({
		is(prepared, 1);
		is(in_child, 1);
		is(in_parent, 0);
	});
	is(prepared, 1);
	is(in_parent, 1);
	is(in_child, 0);
	/* A child waits for children of any thread of its process. */
	need(-pthread_create(&thread, NULL, forker, NULL));
	need(-pthread_join(thread, &result));
	fails(waitpid(-1, NULL, WNOHANG), ECHILD);
}
