#include "test.h"
static volatile int order[8], count;
static void handler(int sig) { order[count++ & 7] = sig; }

TEST("sigprocmask: how, what is blocked, what happens on unblocking")
{
	sigset_t set, old, pending;
	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	ok(sigprocmask(SIG_BLOCK, &set, &old));
	is(sigismember(&old, SIGUSR1), 0);
	for (int i = 0; i < 3; i++)
		raise(SIGUSR1);
	is(count, 0);
	ok(sigpending(&pending));
	is(sigismember(&pending, SIGUSR1), 1);
	is(sigismember(&pending, SIGUSR2), 0);
	/* Standard signals are merged; delivery is done before the call returns. */
	ok(sigprocmask(SIG_UNBLOCK, &set, NULL));
	is(count, 1);
	sigaddset(&set, SIGUSR2);
	ok(sigprocmask(SIG_SETMASK, &set, NULL));
	raise(SIGUSR2);
	raise(SIGUSR1);
	sigemptyset(&set);
	ok(sigprocmask(SIG_SETMASK, &set, &old));
	is(sigismember(&old, SIGUSR1) + sigismember(&old, SIGUSR2), 2);
	is(count, 3);
	/* SIGKILL and SIGSTOP can't be blocked, silently. */
	sigfillset(&set);
	ok(sigprocmask(SIG_SETMASK, &set, NULL));
	ok(sigprocmask(SIG_SETMASK, NULL, &old));
	is(sigismember(&old, SIGKILL) + sigismember(&old, SIGSTOP), 0);
	is(sigismember(&old, SIGTERM) + sigismember(&old, SIGCONT), 2);
	/* A blocked, pending signal that becomes ignored is dropped. */
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	ok(sigpending(&pending));
	is(sigismember(&pending, SIGUSR1), 0);
	/* While it is blocked an ignored signal is kept all the same. */
	raise(SIGUSR1);
	ok(sigpending(&pending));
	is(sigismember(&pending, SIGUSR1), 1);
	raise(SIGCHLD);
	ok(sigpending(&pending));
	is(sigismember(&pending, SIGCHLD), 1);
}
