#include "test.h"
static void *forever(void *arg)
{
	for (;;)
		pause();
	return arg;
}
static void *runs_exec(void *arg)
{
	execv("/proc/self/exe", arg);
	_exit(99);
}

TEST("exec by any thread ends all the others and keeps the process id")
{
	if (test_argc > 1) {
		char path[32];
		holds(getpid() == atoi(test_argv[1]));
		holds(syscall(SYS_gettid) == getpid());
		snprintf(path, sizeof path, "/proc/self/task/%d", getpid());
		ok(access(path, F_OK));
		struct stat st;
		need(stat("/proc/self/task", &st));
		is(st.st_nlink, 3);
		return;
	}
	for (int by_main = 0; by_main < 2; by_main++) {
		pid_t pid;
		SPAWN(pid, {
			pthread_t thread;
			char id[16];
			snprintf(id, sizeof id, "%d", getpid());
			char *argv[] = {"again", id, NULL};
			for (int i = 0; i < 3; i++)
				need(-pthread_create(&thread, NULL, forever, NULL));
			if (by_main)
				runs_exec(argv);
			need(-pthread_create(&thread, NULL, runs_exec, argv));
			pause();
		});
		ends(pid, "exit 0");
	}
}
