#include "test.h"
static siginfo_t seen[4];
static volatile int count;
static void handler(int sig, siginfo_t *info, void *context) { seen[count++ & 3] = *info; }

TEST("SIGCHLD: si_pid, si_uid, si_status, si_code")
{
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
	need(sigaction(SIGCHLD, &sa, NULL));
	pid_t pid;
	SPAWN(pid, _exit(77));
	ends(pid, "exit 77");
	is(count, 1);
	is(seen[0].si_signo, SIGCHLD);
	is(seen[0].si_code, CLD_EXITED);
	is(seen[0].si_status, 77);
	holds(seen[0].si_pid == pid);
	is(seen[0].si_uid, 0);
	SPAWN(pid, {
		become(1234);
		kill(getpid(), SIGTERM);
	});
	ends(pid, "signal SIGTERM");
	is(count, 2);
	is(seen[1].si_code, CLD_KILLED);
	is(seen[1].si_status, SIGTERM);
	is(seen[1].si_uid, 1234);
	holds(seen[1].si_utime >= 0 && seen[1].si_stime >= 0);
}
