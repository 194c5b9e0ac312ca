#include "test.h"
#include "filter.h"
static int status_of(void (*body)(void))
{
	pid_t child = fork();
	if (child == 0) {
		body();
		syscall(SYS_exit, 7);
	}
	int status = -1;
	waitpid(child, &status, 0);
	return status;
}
static int out;
static void writes(void)
{
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	syscall(SYS_write, out, "x", 1);
}
static void opens(void)
{
	seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL);
	syscall(SYS_open, "/", O_RDONLY);
}
static void fast_call(void)
{
	seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL);
	syscall(SYS_getpid);
}
static void *idle(void *argument)
{
	for (;;)
		pause();
	return argument;
}
static void from_thread(void)
{
	/* Only the thread that gave up its calls ends by them. */
	pthread_t thread;
	pthread_create(&thread, NULL, idle, NULL);
	seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL);
	syscall(SYS_write, out, "y", 1);
	syscall(SYS_exit, 5);
}
TEST("seccomp strict mode: read, write, exit and nothing else")
{
	int fds[2];
	ok(pipe(fds));
	out = fds[1];
	char buffer[2];
	is(status_of(writes), 7 << 8);
	is(read(fds[0], buffer, 2), 1);
	is(status_of(opens), SIGKILL);
	is(status_of(fast_call), SIGKILL);
	CHILD({
		FILTER(any, ANSWER(SECCOMP_RET_ALLOW));
		ok(seccomp(SECCOMP_SET_MODE_FILTER, 0, &any));
		fails(seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL), EINVAL);
		fails(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT), EINVAL);
	});
	pid_t child = fork();
	if (child == 0) {
		from_thread();
		_exit(0);
	}
	is(read(fds[0], buffer, 2), 1);
	holds(waitpid(child, NULL, WNOHANG) == 0);
	kill(child, SIGTERM);
	int status;
	holds(waitpid(child, &status, 0) == child);
	is(status, SIGTERM);
}
