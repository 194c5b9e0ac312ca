#include "test.h"
#include <setjmp.h>

static char area[65536];
static volatile int level, inside[3];
static sigjmp_buf back;

static int here_is_area(void)
{
	char here;
	return &here >= area && &here < area + sizeof area;
}
static void second(int sig)
{
	/* A nested signal goes on where the first one is: on the same stack. */
	inside[1] = here_is_area();
}
static void first(int sig)
{
	inside[0] = here_is_area();
	raise(SIGUSR2);
	inside[2] = here_is_area();
}
static void leave(int sig)
{
	level++;
	siglongjmp(back, 1);
}

TEST("sigaltstack: nesting, leaving by siglongjmp, SS_AUTODISARM")
{
	stack_t stack = {.ss_sp = area, .ss_size = sizeof area}, now;
	struct sigaction sa = {.sa_handler = first, .sa_flags = SA_ONSTACK};
	need(sigaltstack(&stack, NULL));
	need(sigaction(SIGUSR1, &sa, NULL));
	sa.sa_handler = second;
	need(sigaction(SIGUSR2, &sa, NULL));
	raise(SIGUSR1);
	is(inside[0], 1);
	is(inside[1], 1);
	is(inside[2], 1);
	/* After a jump out of the handler the stack is free again. */
	sa.sa_handler = leave;
	need(sigaction(SIGUSR1, &sa, NULL));
	for (volatile int i = 0; i < 5; i++)
		if (sigsetjmp(back, 1) == 0)
			raise(SIGUSR1);
	is(level, 5);
	need(sigaltstack(NULL, &now));
	is(now.ss_flags, 0);
	/* The alternative stack overflows: SIGSEGV, and that has nowhere to go. */
	pid_t pid;
	SPAWN(pid, {
		stack_t tiny = {.ss_sp = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), .ss_size = 8192};
		need(munmap(tiny.ss_sp, 16384));
		need(sigaltstack(&tiny, NULL));
		raise(SIGUSR2);
	});
	ends(pid, "signal SIGSEGV");
	stack.ss_flags = (int)(1U << 31);
	ok(sigaltstack(&stack, NULL));
	need(sigaltstack(NULL, &now));
	is(now.ss_flags == (int)(1U << 31), 1);
	sa.sa_handler = second;
	need(sigaction(SIGUSR2, &sa, NULL));
	raise(SIGUSR2);
	is(inside[1], 1);
}
