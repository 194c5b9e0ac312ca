#include "test.h"
static char *set(char *to)
{
	return (char *)syscall(SYS_brk, to);
}

TEST("brk: grows, shrinks, gives zeroed memory, and refuses by not moving")
{
	char *start = set(NULL);
	holds(start != NULL);
	holds(set((char *)1) == start);
	holds(set(start + 3 * 4096) == start + 3 * 4096);
	is(start[0] + start[3 * 4096 - 1], 0);
	memset(start, 'x', 3 * 4096);
	holds(set(start + 100) == start + 100);
	is(start[50], 'x');
	holds(set(start + 3 * 4096) == start + 3 * 4096);
	char *next = (char *)(((uintptr_t)start + 100 + 4095) & ~4095UL);
	is(next[0], 0);
	/* An impossible wish leaves the break where it was. */
	holds(set((char *)0x7fffffffffff) == start + 3 * 4096);
	CHILD({
		struct rlimit limit = {1 << 20, 1 << 20};
		need(setrlimit(RLIMIT_DATA, &limit));
		holds(set(start + (64 << 20)) == start + 3 * 4096);
	});
	CHILD({
		holds(set(NULL) == start + 3 * 4096);
		holds(set(start + 8 * 4096) == start + 8 * 4096);
		start[7 * 4096] = 1;
	});
	holds(set(NULL) == start + 3 * 4096);
	/* A mapping in the way stops it. */
	char *top = (char *)(((uintptr_t)start + 3 * 4096 + 4095) & ~4095UL);
	holds(mmap(top + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == top + 4096);
	holds(set(top + 4 * 4096) == start + 3 * 4096);
	holds(set(top) == top);
}
