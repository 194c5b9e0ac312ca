#include "test.h"
#include <ucontext.h>

static volatile int calls;
static void clobber(int sig)
{
	calls++;
	__asm__ volatile("mov $0xbad, %%rax\n mov %%rax, %%rbx\n mov %%rax, %%rcx\n mov %%rax, %%rdx\n mov %%rax, %%rsi\n"
			 "mov %%rax, %%rdi\n mov %%rax, %%r8\n mov %%rax, %%r9\n mov %%rax, %%r10\n mov %%rax, %%r11\n"
			 "mov %%rax, %%r12\n mov %%rax, %%r13\n mov %%rax, %%r14\n mov %%rax, %%r15\n"
			 "pxor %%xmm0, %%xmm0\n pxor %%xmm7, %%xmm7\n pxor %%xmm15, %%xmm15\n stc\n std\n cld\n"
			 : : : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
			       "xmm0", "xmm7", "xmm15", "cc");
}
static void edit(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	calls = (int)uc->uc_mcontext.gregs[REG_RBX];
	uc->uc_mcontext.gregs[REG_RBX] = 0x5678;
	/* Over the faulting two-byte instruction. */
	uc->uc_mcontext.gregs[REG_RIP] += 2;
}

TEST("signal frames: every register comes back, and a handler may change them")
{
	struct itimerval timer = {{0, 300}, {0, 300}};
	signal(SIGALRM, clobber);
	need(setitimer(ITIMER_REAL, &timer, NULL));
	int bad = 0;
	while (calls < 50) {
		unsigned long a, b, d, s, r8, r10, r12, r15, x, y;
		__asm__ volatile(
			"mov $1, %%rax\n mov $2, %%rbx\n mov $3, %%rdx\n mov $4, %%rsi\n mov $5, %%r8\n mov $6, %%r10\n"
			"mov $7, %%r12\n mov $8, %%r15\n movq %%rbx, %%xmm0\n movq %%r15, %%xmm15\n"
			"mov $20000, %%ecx\n 1: dec %%ecx\n jnz 1b\n"
			"movq %%xmm0, %8\n movq %%xmm15, %9\n mov %%rbx, %1\n mov %%r8, %4\n mov %%r10, %5\n"
			"mov %%r12, %6\n mov %%r15, %7\n"
			: "=&a"(a), "=m"(b), "=&d"(d), "=&S"(s), "=m"(r8), "=m"(r10), "=m"(r12), "=m"(r15), "=m"(x), "=m"(y)
			:
			: "rbx", "rcx", "r8", "r10", "r12", "r15", "xmm0", "xmm15", "cc");
		bad += a != 1 || b != 2 || d != 3 || s != 4 || r8 != 5 || r10 != 6 || r12 != 7 || r15 != 8 || x != 2 || y != 8;
	}
	is(bad, 0);
	timer = (struct itimerval){{0, 0}, {0, 0}};
	need(setitimer(ITIMER_REAL, &timer, NULL));
	struct sigaction sa = {.sa_sigaction = edit, .sa_flags = SA_SIGINFO};
	need(sigaction(SIGILL, &sa, NULL));
	unsigned long rbx;
	__asm__ volatile("mov $0x1234, %%rbx\n ud2\n mov %%rbx, %0" : "=r"(rbx) : : "rbx");
	is(calls, 0x1234);
	is(rbx, 0x5678);
}
