#include "test.h"
static void first(void) { printf("first registered\n"); }
static void second(void) { printf("second registered\n"); }

TEST("exit: handlers in reverse order, _exit without, stdio flushed or not")
{
	pid_t pid;
	SPAWN(pid, {
		atexit(first);
		atexit(second);
		exit(3);
	});
	ends(pid, "exit 3");
	SPAWN(pid, {
		atexit(first);
		setvbuf(stdout, malloc(4096), _IOFBF, 4096);
		printf("lost in the buffer");
		_exit(4);
	});
	ends(pid, "exit 4");
	SPAWN(pid, {
		setvbuf(stdout, malloc(4096), _IOFBF, 4096);
		printf("flushed by exit\n");
		exit(5);
	});
	ends(pid, "exit 5");
	SPAWN(pid, abort());
	ends(pid, "signal SIGABRT");
	SPAWN(pid, {
		signal(SIGABRT, SIG_IGN);
		abort();
	});
	ends(pid, "signal SIGABRT");
}
