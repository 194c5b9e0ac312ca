#include "test.h"
TEST("a fault kills although its signal is ignored or blocked")
{
	pid_t pid;
	sigset_t set;
	sigfillset(&set);
	SPAWN(pid, {
		signal(SIGSEGV, SIG_IGN);
		*(volatile char *)8 = 1;
	});
	ends(pid, "signal SIGSEGV");
	SPAWN(pid, {
		sigprocmask(SIG_BLOCK, &set, NULL);
		*(volatile char *)8 = 1;
	});
	ends(pid, "signal SIGSEGV");
	SPAWN(pid, {
		sigprocmask(SIG_BLOCK, &set, NULL);
		__asm__ volatile("ud2");
	});
	ends(pid, "signal SIGILL");
	/* Sent by kill it can be ignored and blocked. */
	SPAWN(pid, {
		signal(SIGSEGV, SIG_IGN);
		kill(getpid(), SIGSEGV);
		sigprocmask(SIG_BLOCK, &set, NULL);
		kill(getpid(), SIGILL);
		_exit(4);
	});
	ends(pid, "exit 4");
	/* Init-like signals that nothing can hold off. */
	SPAWN(pid, {
		sigprocmask(SIG_BLOCK, &set, NULL);
		kill(getpid(), SIGKILL);
	});
	ends(pid, "signal SIGKILL");
}
