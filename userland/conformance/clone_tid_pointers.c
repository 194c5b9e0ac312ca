#include "test.h"
#include <linux/futex.h>
#include <sched.h>

static char stack[65536] __attribute__((aligned(16)));
static volatile int parent_tid, child_tid, seen_child;

static int look(void *arg)
{
	seen_child = child_tid == (int)syscall(SYS_gettid);
	(void)arg;
	return 0;
}

/*
 * clone(2) itself, with `look` on the child's stack: since 1.2.5 musl's clone() refuses CLONE_CHILD_CLEARTID for a child
 * that shares the memory.
 */
static long clone_look(unsigned long flags, void *stack_top, volatile int *child)
{
	register volatile int *r10 __asm__("r10") = child;
	register long r8 __asm__("r8") = 0;
	register int (*r9)(void *) __asm__("r9") = look;
	long result;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%edi, %%edi\n\t"
			 "call *%%r9\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(result)
			 : "a"(SYS_clone), "D"(flags), "S"(stack_top), "d"(NULL), "r"(r10), "r"(r8), "r"(r9), [exit] "i"(SYS_exit)
			 : "rcx", "r11", "memory");
	return result;
}

TEST("clone: PARENT_SETTID, CHILD_SETTID, CHILD_CLEARTID and set_tid_address")
{
	int flags = CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD;
	pid_t pid = (pid_t)need(clone(look, stack + sizeof stack, flags, NULL, &parent_tid, NULL, &child_tid));
	ends(pid, "exit 0");
	is(parent_tid == pid, 1);
	is(seen_child, 1);
	is(child_tid == pid, 1);
	/* Without CLONE_VM only the child's copy is written. */
	child_tid = -5;
	pid = (pid_t)need(clone(look, stack + sizeof stack, CLONE_CHILD_SETTID | SIGCHLD, NULL, NULL, NULL, &child_tid));
	ends(pid, "exit 0");
	is(child_tid, -5);
	/* CLEARTID: zeroed and woken at the end of the child. */
	child_tid = 1;
	pid = (pid_t)clone_look(CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, stack + sizeof stack, &child_tid);
	is(pid > 0, 1);
	while (child_tid)
		syscall(SYS_futex, &child_tid, FUTEX_WAIT, 1, NULL);
	is(child_tid, 0);
	ends(pid, "exit 0");
	is(syscall(SYS_set_tid_address, &child_tid) == syscall(SYS_gettid), 1);
	/* A bad parent pointer does not stop the child from being made. */
	pid = (pid_t)syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, NULL, NULL, (int *)8, NULL);
	if (pid == 0)
		_exit(3);
	ends(pid, "exit 3");
}
