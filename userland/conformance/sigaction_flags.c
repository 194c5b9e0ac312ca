#include "test.h"
static volatile int depth, deepest, calls, masked;
static siginfo_t seen;

static void nested(int sig)
{
	calls++;
	if (++depth > deepest)
		deepest = depth;
	if (calls < 3)
		raise(sig);
	depth--;
}
static void with_info(int sig, siginfo_t *info, void *context) { seen = *info; }
static void look_at_mask(int sig)
{
	sigset_t set;
	sigprocmask(SIG_BLOCK, NULL, &set);
	masked = sigismember(&set, SIGUSR1) | sigismember(&set, SIGUSR2) << 1 | sigismember(&set, SIGTERM) << 2;
}

TEST("sigaction: SA_NODEFER, SA_RESETHAND, SA_SIGINFO, sa_mask")
{
	struct sigaction sa = {.sa_handler = nested}, old;
	ok(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	is(calls, 3);
	is(deepest, 1);
	calls = deepest = 0;
	sa.sa_flags = SA_NODEFER;
	ok(sigaction(SIGUSR1, &sa, &old));
	holds(old.sa_handler == nested);
	raise(SIGUSR1);
	is(calls, 3);
	is(deepest, 3);
	calls = 5;
	sa.sa_flags = SA_RESETHAND;
	ok(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	is(calls, 6);
	ok(sigaction(SIGUSR1, NULL, &old));
	holds(old.sa_handler == SIG_DFL);
	is((old.sa_flags & SA_RESETHAND) != 0, 1);
	pid_t pid;
	SPAWN(pid, raise(SIGUSR1));
	ends(pid, "signal SIGUSR1");
	struct sigaction info = {.sa_sigaction = with_info, .sa_flags = SA_SIGINFO};
	ok(sigaction(SIGUSR1, &info, NULL));
	ok(kill(getpid(), SIGUSR1));
	is(seen.si_signo, SIGUSR1);
	is(seen.si_code, SI_USER);
	holds(seen.si_pid == getpid());
	is(seen.si_uid, 0);
	struct sigaction mask = {.sa_handler = look_at_mask};
	sigemptyset(&mask.sa_mask);
	sigaddset(&mask.sa_mask, SIGUSR2);
	ok(sigaction(SIGUSR1, &mask, NULL));
	raise(SIGUSR1);
	is(masked, 3);
	mask.sa_flags = SA_NODEFER;
	ok(sigaction(SIGUSR1, &mask, NULL));
	raise(SIGUSR1);
	is(masked, 2);
	sigset_t now;
	sigprocmask(SIG_BLOCK, NULL, &now);
	is(sigismember(&now, SIGUSR1) + sigismember(&now, SIGUSR2), 0);
}
