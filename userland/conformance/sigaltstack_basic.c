#include "test.h"
static char area[65536];
static volatile int on_area, flags_inside;

static void handler(int sig)
{
	char here;
	stack_t now;
	on_area = &here >= area && &here < area + sizeof area;
	sigaltstack(NULL, &now);
	flags_inside = now.ss_flags;
}
static volatile int change_error;
static void changer(int sig)
{
	stack_t other = {.ss_sp = area, .ss_size = sizeof area};
	errno = 0;
	change_error = sigaltstack(&other, NULL) < 0 ? errno : 0;
}

TEST("sigaltstack: used only with SA_ONSTACK, its flags and errors")
{
	stack_t stack = {.ss_sp = area, .ss_size = sizeof area}, old;
	struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	ok(sigaltstack(NULL, &old));
	is(old.ss_flags, SS_DISABLE);
	need(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	is(on_area, 0);
	is(flags_inside, SS_DISABLE);
	ok(sigaltstack(&stack, &old));
	raise(SIGUSR1);
	is(on_area, 1);
	is(flags_inside, SS_ONSTACK);
	ok(sigaltstack(NULL, &old));
	is(old.ss_flags, 0);
	holds(old.ss_sp == area && old.ss_size == sizeof area);
	sa.sa_flags = 0;
	need(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	is(on_area, 0);
	sa.sa_flags = SA_ONSTACK;
	sa.sa_handler = changer;
	need(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
	text_is(errno_name(change_error), "EPERM");
	stack.ss_size = 100;
	fails(syscall(SYS_sigaltstack, &stack, NULL), ENOMEM);
	stack.ss_size = sizeof area;
	stack.ss_flags = 0x1234;
	fails(syscall(SYS_sigaltstack, &stack, NULL), EINVAL);
	stack.ss_flags = SS_ONSTACK;
	ok(syscall(SYS_sigaltstack, &stack, NULL));
	fails(syscall(SYS_sigaltstack, (void *)8, NULL), EFAULT);
	fails(syscall(SYS_sigaltstack, NULL, (void *)8), EFAULT);
	stack.ss_flags = SS_DISABLE;
	stack.ss_size = 0;
	ok(sigaltstack(&stack, NULL));
	ok(sigaltstack(NULL, &old));
	is(old.ss_flags, SS_DISABLE);
	/* Inherited by fork. */
	stack = (stack_t){.ss_sp = area, .ss_size = sizeof area};
	ok(sigaltstack(&stack, NULL));
	CHILD({
		need(sigaltstack(NULL, &old));
		is(old.ss_flags, 0);
	});
}
