#include "hostile.h"

static void eat(void *arg)
{
	struct rlimit limit = {(rlim_t)64 << 20, (rlim_t)64 << 20};
	need(setrlimit(RLIMIT_AS, &limit));
	for (;;) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			_exit(errno == ENOMEM ? 12 : 13);
		memset(p, 1, 1 << 20);
	}
}

static void eat_by_brk(void *arg)
{
	struct rlimit limit = {(rlim_t)32 << 20, (rlim_t)32 << 20};
	need(setrlimit(RLIMIT_DATA, &limit));
	for (int i = 0; i < 100000; i++)
		if (!malloc(64 << 10))
			_exit(12);
}

static void many_mappings(void *arg)
{
	/* Alternating protections, so that they can't be joined. */
	for (int i = 0; i < 10000; i++)
		if (mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			_exit(13);
	_exit(12);
}

TEST("processes that take all the memory they may get")
{
	is(WEXITSTATUS(run_guarded(eat, NULL, 15000)), 12);
	is(WEXITSTATUS(run_guarded(eat_by_brk, NULL, 15000)), 12);
	is(WEXITSTATUS(run_guarded(many_mappings, NULL, 15000)), 12);
	/* Again, to see that everything came back. */
	for (int i = 0; i < 5; i++)
		is(WEXITSTATUS(run_guarded(eat, NULL, 15000)), 12);
	still_alive();
}
