#include "test.h"
static __attribute__((noinline)) int deeper(int depth)
{
	volatile char frame[4096];
	frame[0] = (char)depth;
	frame[4095] = 1;
	return depth == 0 ? frame[4095] : deeper(depth - 1) + frame[4095];
}

static void overflow_handler(int sig)
{
	_exit(sig == SIGSEGV ? 77 : 78);
}

TEST("stack: grows on demand up to its limit, then SIGSEGV")
{
	pid_t deep, handled, lower;
	/* The limit is looked at when the stack grows, not when it was made. */
	SPAWN(lower, {
		struct rlimit limit = {1 << 20, 1 << 20};
		need(setrlimit(RLIMIT_STACK, &limit));
		deeper(100);
		printf("100 pages fit\n");
		fflush(stdout);
		deeper(500);
		printf("500 pages must not fit\n");
	});
	ends(lower, "signal SIGSEGV");
	is(deeper(1000), 1001);
	SPAWN(deep, deeper(1 << 20));
	ends(deep, "signal SIGSEGV");
	SPAWN(handled, {
		static char alternative[65536];
		stack_t stack = {.ss_sp = alternative, .ss_size = sizeof alternative};
		struct sigaction sa = {.sa_handler = overflow_handler, .sa_flags = SA_ONSTACK};
		need(sigaltstack(&stack, NULL));
		need(sigaction(SIGSEGV, &sa, NULL));
		deeper(1 << 20);
	});
	ends(handled, "exit 77");
	/* Without room for a signal frame the process dies although it has a handler. */
	SPAWN(handled, {
		signal(SIGSEGV, overflow_handler);
		deeper(1 << 20);
	});
	ends(handled, "signal SIGSEGV");
}
