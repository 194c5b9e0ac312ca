#include "test.h"
struct regs {
	unsigned long rax, rbx, rdx, rsi, rdi, rbp, r8, r9, r10, r12, r13, r14, r15, flags;
};

static struct regs out;

/* Fills every register, makes the call, stores every register. */
static __attribute__((noinline)) void trap(long nr)
{
	__asm__ volatile(
		"push %%rbp\n"
		"mov $0x101, %%rbx\n mov $0x102, %%rdx\n mov $0x103, %%rsi\n mov $0x104, %%rdi\n"
		"mov $0x105, %%rbp\n mov $0x106, %%r8\n mov $0x107, %%r9\n mov $0x108, %%r10\n"
		"mov $0x109, %%r12\n mov $0x10a, %%r13\n mov $0x10b, %%r14\n mov $0x10c, %%r15\n"
		"stc\n"
		"syscall\n"
		"mov %%rax, %0\n mov %%rbx, %1\n mov %%rdx, %2\n mov %%rsi, %3\n mov %%rdi, %4\n"
		"mov %%rbp, %5\n mov %%r8, %6\n mov %%r9, %7\n mov %%r10, %8\n mov %%r12, %9\n"
		"mov %%r13, %10\n mov %%r14, %11\n mov %%r15, %12\n"
		"pushf\n pop %%rax\n mov %%rax, %13\n"
		"pop %%rbp\n"
		: "=m"(out.rax), "=m"(out.rbx), "=m"(out.rdx), "=m"(out.rsi), "=m"(out.rdi), "=m"(out.rbp),
		  "=m"(out.r8), "=m"(out.r9), "=m"(out.r10), "=m"(out.r12), "=m"(out.r13), "=m"(out.r14),
		  "=m"(out.r15), "=m"(out.flags)
		: "a"(nr)
		: "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc");
}

static int kept(void)
{
	return out.rbx == 0x101 && out.rdx == 0x102 && out.rsi == 0x103 && out.rdi == 0x104 && out.rbp == 0x105 &&
	       out.r8 == 0x106 && out.r9 == 0x107 && out.r10 == 0x108 && out.r12 == 0x109 && out.r13 == 0x10a &&
	       out.r14 == 0x10b && out.r15 == 0x10c;
}

TEST("system calls keep every register but rax, rcx and r11, and the flags")
{
	long calls[] = {SYS_getpid, SYS_getppid, SYS_sched_yield, SYS_close, 9999};
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		trap(calls[i]);
		is(kept(), 1);
		is(out.flags & 1, 1);
	}
	trap(SYS_getpid);
	holds((pid_t)out.rax == getpid());
	trap(SYS_close);
	is((long)out.rax, -EBADF);
}
