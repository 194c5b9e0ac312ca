#include "test.h"
static volatile int calls, seen_mask;
static void handler(int sig)
{
	sigset_t set;
	calls++;
	sigprocmask(SIG_BLOCK, NULL, &set);
	seen_mask = sigismember(&set, SIGUSR2);
}

TEST("sigsuspend: waits with another mask and puts the old one back")
{
	sigset_t blocked, empty, only_two, now;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigemptyset(&empty);
	sigemptyset(&only_two);
	sigaddset(&only_two, SIGUSR2);
	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
	need(sigprocmask(SIG_BLOCK, &blocked, NULL));
	raise(SIGUSR1);
	is(calls, 0);
	fails(sigsuspend(&empty), EINTR);
	is(calls, 1);
	is(seen_mask, 0);
	sigprocmask(SIG_BLOCK, NULL, &now);
	is(sigismember(&now, SIGUSR1), 1);
	/* The handler runs under the temporary mask. */
	raise(SIGUSR1);
	fails(sigsuspend(&only_two), EINTR);
	is(calls, 2);
	is(seen_mask, 1);
	pid_t pid, me = getpid();
	SPAWN(pid, {
		need(await_state(me, 'S') ? 0 : -1);
		kill(me, SIGWINCH);
		sleep_ms(10);
		kill(me, SIGUSR1);
	});
	/* An ignored signal does not end it. */
	fails(sigsuspend(&empty), EINTR);
	is(calls, 3);
	ends(pid, "exit 0");
	fails(syscall(SYS_rt_sigsuspend, (void *)8, 8), EFAULT);
	fails(syscall(SYS_rt_sigsuspend, &empty, 4), EINVAL);
}
