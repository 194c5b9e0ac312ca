#include "hostile.h"

static __attribute__((noinline)) long deeper(long n)
{
	volatile char frame[512];
	frame[0] = (char)n;
	return n == 0 ? frame[0] : deeper(n - 1) + frame[0];
}
static void endless(void *arg)
{
	exit((int)deeper(1L << 40));
}
static void handler(int sig)
{
	deeper(1L << 40);
}
static void endless_in_handler(void *arg)
{
	static char area[65536];
	stack_t stack = {.ss_sp = area, .ss_size = sizeof area};
	struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	deeper(1L << 40);
}
static void push_below_zero(void *arg)
{
	__asm__ volatile("xor %%esp, %%esp\n push %%rax" : : : "memory");
}
static void stack_in_the_kernel(void *arg)
{
	__asm__ volatile("mov $0xffffffff81000000, %%rsp\n push %%rax" : : : "memory");
}
static void syscall_with_bad_stack(void *arg)
{
	__asm__ volatile("xor %%esp, %%esp\n mov %0, %%eax\n syscall\n mov $7, %%edi\n mov %1, %%eax\n syscall"
			 : : "i"(SYS_getpid), "i"(SYS_exit_group) : "rax", "rdi", "rcx", "r11", "memory");
}

TEST("stacks that overflow, point nowhere, or point into the kernel")
{
	text_is(status_name(run_guarded(endless, NULL, 10000)), "signal SIGSEGV");
	text_is(status_name(run_guarded(endless_in_handler, NULL, 10000)), "signal SIGSEGV");
	text_is(status_name(run_guarded(push_below_zero, NULL, 10000)), "signal SIGSEGV");
	int status = run_guarded(stack_in_the_kernel, NULL, 10000);
	holds(WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS));
	text_is(status_name(run_guarded(syscall_with_bad_stack, NULL, 10000)), "exit 7");
	still_alive();
}
