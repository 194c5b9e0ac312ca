#include "native.h"

/*
 * Any number of the native calls with any arguments, mostly nearly right ones: whatever the calls answer, and whatever
 * becomes of the process, the kernel lives and keeps nothing.
 */

enum { CHILDREN = 24, CALLS = 1500, FDS = 40, LAST = 0x1210 };
static unsigned seed;
static unsigned long page_of_zeros[512] __attribute__((aligned(4096)));

static unsigned dice(unsigned sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % sides;
}

/* A pointer: to bytes of any kind, to where they end, or to nothing. */
static long pointer(void)
{
	static const char *const names[] = {"one", "two", "three", ""};
	switch (dice(8)) {
	case 0: return 0;
	case 1: return (long)0xffffffff81000000;
	case 2: return (long)page_of_zeros + 4090;
	case 3: return dice(4096);
	case 4: return (long)names[dice(4)];
	default:
		for (int i = 0; i < 16; i++)
			page_of_zeros[i] = dice(3) ? dice(4) << (12 * dice(2)) : seed;
		return (long)page_of_zeros;
	}
}

static long argument(int position)
{
	switch (dice(4)) {
	case 0: return position == 0 ? 3 + (long)dice(FDS) : (long)dice(20);
	case 1: return pointer();
	case 2: return dice(4);
	default: return position == 0 ? 3 + (long)dice(FDS) : dice(5) ? (long)dice(14) : (long)seed << dice(33);
	}
}

static void interrupt(int number)
{
}

static _Noreturn void call_at_random(void)
{
	struct rlimit none = {0, 0}, files = {FDS, FDS};
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_NOFILE, &files);
	freopen("/dev/null", "w", stderr);
	/* What sleeps is woken, soon. */
	struct sigaction action = {.sa_handler = interrupt};
	sigaction(SIGALRM, &action, NULL);
	struct itimerval often = {{0, 2000}, {0, 2000}};
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < CALLS; i++) {
		/* A few that work, so that there is something to work on. */
		int fds[2];
		if (dice(16) == 0)
			exo_ring_create(1 + (int)dice(3), dice(2) ? 12 : dice(8), 0, fds);
		if (dice(16) == 0)
			exo_pool_create((struct exo_pool_class[]){{4096, 1 + dice(9), 0}}, 1, 0);
		if (dice(32) == 0)
			close(3 + (int)dice(FDS));
		/* Promises would end the process too soon, most of the time. */
		long nr = dice(20) ? 0x1000 + (long)dice(2 + dice(2) * 0x22 + dice(2) * 0xe6) : 0x1000 + (long)dice(LAST - 0x1000);
		syscall(nr, argument(0), argument(1), argument(2), argument(3), argument(4), argument(5));
	}
	_exit(0);
}

NATIVE_TEST("native calls with arguments of any kind")
{
	int ended = 0;
	for (int i = 0; i < CHILDREN; i++) {
		pid_t child = start_child();
		if (child == 0) {
			seed = 77 + (unsigned)i * 1234567;
			if (i % 3 == 2)
				become(1000);
			call_at_random();
		}
		ended += waitpid(child, NULL, 0) == child;
	}
	is(ended, CHILDREN);
}
