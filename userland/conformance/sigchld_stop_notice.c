#include "test.h"
static volatile int count, codes[8];
static void on_child(int sig, siginfo_t *info, void *context)
{
	codes[count++ & 7] = info->si_code;
}
static void settle(int wanted)
{
	for (int i = 0; i < 2000 && count < wanted; i++)
		sleep_ms(1);
}

TEST("SIGCHLD for stopped and continued children, and SA_NOCLDSTOP")
{
	struct sigaction sa = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
	need(sigaction(SIGCHLD, &sa, NULL));
	pid_t pid;
	SPAWN(pid, for (;;) pause());
	need(await_state(pid, 'S') ? 0 : -1);
	need(kill(pid, SIGSTOP));
	settle(1);
	is(codes[0], CLD_STOPPED);
	ends(pid, "stopped SIGSTOP");
	need(kill(pid, SIGCONT));
	settle(2);
	is(codes[1], CLD_CONTINUED);
	ends(pid, "continued");
	need(kill(pid, SIGKILL));
	settle(3);
	is(codes[2], CLD_KILLED);
	ends(pid, "signal SIGKILL");
	is(count, 3);
	sa.sa_flags |= SA_NOCLDSTOP;
	need(sigaction(SIGCHLD, &sa, NULL));
	SPAWN(pid, for (;;) pause());
	need(await_state(pid, 'S') ? 0 : -1);
	need(kill(pid, SIGSTOP));
	ends(pid, "stopped SIGSTOP");
	need(kill(pid, SIGCONT));
	ends(pid, "continued");
	is(count, 3);
	need(kill(pid, SIGKILL));
	settle(4);
	is(codes[3], CLD_KILLED);
	ends(pid, "signal SIGKILL");
}
