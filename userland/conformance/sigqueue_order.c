#include "test.h"
static volatile int order[16], values[16], count;
static void handler(int sig, siginfo_t *info, void *context)
{
	order[count] = sig;
	values[count++] = info->si_value.sival_int;
}

TEST("real-time signals: queued in order, lowest number first, values kept")
{
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	sigfillset(&sa.sa_mask);
	for (int i = 0; i < 4; i++)
		need(sigaction(SIGRTMIN + i, &sa, NULL));
	need(sigaction(SIGUSR1, &sa, NULL));
	sigset_t set;
	sigfillset(&set);
	need(sigprocmask(SIG_BLOCK, &set, NULL));
	union sigval v;
	int sent[][2] = {{2, 1}, {0, 2}, {1, 3}, {2, 4}, {0, 5}, {3, 6}, {0, 7}};
	for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++) {
		v.sival_int = sent[i][1];
		ok(sigqueue(getpid(), SIGRTMIN + sent[i][0], v));
	}
	v.sival_int = 100;
	ok(sigqueue(getpid(), SIGUSR1, v));
	v.sival_int = 101;
	ok(sigqueue(getpid(), SIGUSR1, v));
	sigemptyset(&set);
	need(sigprocmask(SIG_SETMASK, &set, NULL));
	is(count, 8);
	/* All frames are pushed before the first handler runs or one by one: with everything masked in
	   the handlers the lowest number runs first. */
	for (int i = 0; i < count; i++)
		printf("%s %d\n", signal_name(order[i]), values[i]);
	fails(sigqueue(getpid(), 65, v), EINVAL);
	fails(sigqueue(30000000, SIGUSR1, v), ESRCH);
	ok(sigqueue(getpid(), 0, v));
	CHILD({
		become(1000);
		fails(sigqueue(1, SIGUSR1, v), EPERM);
	});
}
