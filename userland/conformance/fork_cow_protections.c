#include "test.h"
TEST("fork: protections, read-only pages and writes after mprotect stay apart")
{
	char *p = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(p, "parent");
	need(mprotect(p, 4096, PROT_READ));
	CHILD({
		text_is(p, "parent");
		need(mprotect(p, 4096, PROT_READ | PROT_WRITE));
		strcpy(p, "child");
		text_is(p, "child");
	});
	text_is(p, "parent");
	pid_t writer;
	SPAWN(writer, *(volatile char *)p = 1);
	ends(writer, "signal SIGSEGV");
	need(mprotect(p, 4096, PROT_READ | PROT_WRITE));
	strcpy(p, "again");
	CHILD({
		text_is(p, "again");
		need(munmap(p, 4096));
	});
	text_is(p, "again");
	/* A page never touched before the fork is zero on both sides, separately. */
	CHILD({
		is(p[4096], 0);
		p[4096] = 1;
	});
	is(p[4096], 0);
}
