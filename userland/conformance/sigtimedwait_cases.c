#include "test.h"
static volatile int calls;
static void handler(int sig) { calls++; }

TEST("sigtimedwait, sigwaitinfo, sigwait: what they take, time out on, are interrupted by")
{
	sigset_t set;
	siginfo_t info;
	struct timespec zero = {0, 0}, some = {0, 30000000}, bad = {0, 1000000000};
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	fails(sigtimedwait(&set, &info, &zero), EAGAIN);
	long start = now_ms();
	fails(sigtimedwait(&set, &info, &some), EAGAIN);
	holds(now_ms() - start >= 29);
	fails(sigtimedwait(&set, &info, &bad), EINVAL);
	raise(SIGUSR1);
	is(sigtimedwait(&set, &info, &zero), SIGUSR1);
	is(info.si_signo, SIGUSR1);
	is(info.si_code, SI_TKILL);
	union sigval v = {.sival_int = 55};
	need(sigqueue(getpid(), SIGRTMIN, v));
	is(sigwaitinfo(&set, &info) == SIGRTMIN, 1);
	is(info.si_code, SI_QUEUE);
	is(info.si_value.sival_int, 55);
	holds(info.si_pid == getpid());
	pid_t pid, me = getpid();
	SPAWN(pid, {
		need(await_state(me, 'S') ? 0 : -1);
		kill(me, SIGUSR1);
	});
	is(sigwaitinfo(&set, &info), SIGUSR1);
	is(info.si_code, SI_USER);
	holds(info.si_pid == pid);
	ends(pid, "exit 0");
	signal(SIGUSR2, handler);
	SPAWN(pid, {
		need(await_state(me, 'S') ? 0 : -1);
		kill(me, SIGUSR2);
	});
	/* The library's sigwaitinfo would go on. */
	fails(syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8), EINTR);
	is(calls, 1);
	ends(pid, "exit 0");
	/* An unblocked waited-for signal that arrives meanwhile is taken, its handler is not run. */
	signal(SIGUSR1, handler);
	sigset_t only;
	sigemptyset(&only);
	sigaddset(&only, SIGUSR1);
	need(sigprocmask(SIG_UNBLOCK, &only, NULL));
	SPAWN(pid, {
		need(await_state(me, 'S') ? 0 : -1);
		kill(me, SIGUSR1);
	});
	is(sigwaitinfo(&only, &info), SIGUSR1);
	is(calls, 1);
	ends(pid, "exit 0");
	fails(syscall(SYS_rt_sigtimedwait, (void *)8, NULL, &zero, 8), EFAULT);
	fails(syscall(SYS_rt_sigtimedwait, &set, NULL, &zero, 4), EINVAL);
}
