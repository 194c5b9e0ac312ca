#include "test.h"
TEST("signals whose default is a core dump: no core with limit 0")
{
	int signals[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS};
	struct rlimit none = {0, 0};
	need(setrlimit(RLIMIT_CORE, &none));
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		pid_t pid;
		siginfo_t info;
		SPAWN(pid, kill(getpid(), signals[i]));
		need(waitid(P_PID, (id_t)pid, &info, WEXITED));
		is(info.si_status, signals[i]);
		is(info.si_code, CLD_KILLED);
	}
	fails(access("core", F_OK), ENOENT);
}
