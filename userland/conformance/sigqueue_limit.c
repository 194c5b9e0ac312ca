#include "test.h"
TEST("RLIMIT_SIGPENDING: EAGAIN for queued signals, kill still works")
{
	CHILD({
		become(4321);
		struct rlimit limit = {5, 5};
		need(setrlimit(RLIMIT_SIGPENDING, &limit));
		sigset_t set;
		sigfillset(&set);
		need(sigprocmask(SIG_BLOCK, &set, NULL));
		union sigval v = {.sival_int = 1};
		for (int i = 0; i < 5; i++)
			ok(sigqueue(getpid(), SIGRTMIN, v));
		fails(sigqueue(getpid(), SIGRTMIN, v), EAGAIN);
		fails(sigqueue(getpid(), SIGRTMIN + 1, v), EAGAIN);
		ok(kill(getpid(), SIGUSR1));
		sigset_t pending;
		need(sigpending(&pending));
		is(sigismember(&pending, SIGUSR1), 1);
		siginfo_t info;
		is(sigwaitinfo(&set, &info), SIGUSR1);
		for (int i = 0; i < 5; i++)
			is(sigwaitinfo(&set, &info) == SIGRTMIN, 1);
		struct timespec zero = {0, 0};
		fails(sigtimedwait(&set, &info, &zero), EAGAIN);
		ok(sigqueue(getpid(), SIGRTMIN, v));
	});
}
