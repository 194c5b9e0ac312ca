#include "fpu.h"

/*
 * Threads and processes that all hold other values in all registers, through everything that may take them away:
 * yielding, sleeping, preemption, signals, other CPUs, fork.
 */
enum { PROCESSES = 3, THREADS = 3, ROUNDS = 60 };

static unsigned long cpus;

static void on_signal(int sig)
{
	/* Leaves nothing as it was. */
	struct fpu mine, after;
	fpu_fill(&mine, 77 + (unsigned)sig);
	if (fpu_live(&mine, &after, 10, SYS_getpid, 0, 0, 0) != getpid() || fpu_differences(&mine, &after))
		_exit(99);
}

static int lives_through(unsigned seed, int round)
{
	struct fpu mine, after;
	fpu_fill(&mine, seed);
	struct timespec nap = {0, 200000};
	unsigned long mask = 1ul << (round + seed) % cpus;
	int wrong = 0;
	switch (round % 6) {
	case 0:
		wrong += fpu_live(&mine, &after, 0, SYS_sched_yield, 0, 0, 0) != 0;
		break;
	case 1:
		wrong += fpu_live(&mine, &after, 0, SYS_nanosleep, (long)&nap, 0, 0) == -EFAULT;
		break;
	case 2: /* Long enough for the timer. */
		wrong += fpu_live(&mine, &after, 300000, SYS_getpid, 0, 0, 0) != getpid();
		break;
	case 3:
		wrong += fpu_live(&mine, &after, 0, SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1) != 0;
		break;
	case 4:
		wrong += fpu_live(&mine, &after, 0, SYS_sched_setaffinity, 0, sizeof mask, (long)&mask) != 0;
		break;
	case 5: {
		/* Both sides go on with the same. */
		long pid = fpu_live(&mine, &after, 0, SYS_fork, 0, 0, 0);
		if (pid == 0)
			_exit(fpu_differences(&mine, &after));
		int status = -1;
		while (waitpid((pid_t)pid, &status, 0) < 0 && errno == EINTR)
			;
		wrong += status != 0;
	}
	}
	return wrong + fpu_differences(&mine, &after);
}

static void *body(void *argument)
{
	unsigned seed = (unsigned)(uintptr_t)argument;
	long wrong = 0;
	for (int round = 0; round < ROUNDS; round++)
		wrong += lives_through(seed, round);
	return (void *)wrong;
}

TEST("floating point registers are everybody's own, whatever happens to those who use them")
{
	fpu_detect();
	cpus = (unsigned long)sysconf(_SC_NPROCESSORS_ONLN);
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	ok(sigaction(SIGUSR1, &sa, NULL));
	ok(sigaction(SIGALRM, &sa, NULL));
	pid_t pids[PROCESSES];
	for (unsigned process = 0; process < PROCESSES; process++)
		SPAWN(pids[process], {
			/* Signals that come at any time. */
			struct itimerval often = {{0, 3000}, {0, 3000}};
			ok(setitimer(ITIMER_REAL, &often, NULL));
			pthread_t threads[THREADS];
			long wrong = 0;
			for (unsigned i = 0; i < THREADS; i++)
				gives(pthread_create(&threads[i], NULL, body,
						     (void *)(uintptr_t)(1 + process * THREADS + i)), 0);
			for (int i = 0; i < THREADS; i++) {
				void *result;
				gives(pthread_join(threads[i], &result), 0);
				wrong += (long)result;
			}
			is(wrong, 0);
			struct itimerval never = {{0, 0}, {0, 0}};
			ok(setitimer(ITIMER_REAL, &never, NULL));
		});
	for (int process = 0; process < PROCESSES; process++)
		ends(pids[process], "exit 0");
}
