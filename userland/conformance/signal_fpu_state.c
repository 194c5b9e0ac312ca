#include "test.h"
#include <ucontext.h>

static volatile int calls;
static void handler(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	/* The saved x87 and SSE state can be seen in the frame. */
	if (uc->uc_mcontext.fpregs)
		calls += uc->uc_mcontext.fpregs->mxcsr == 0x1f80 || uc->uc_mcontext.fpregs->mxcsr == 0x1fa0;
	__asm__ volatile("fninit; fld1; fld1; fld1; pcmpeqd %%xmm3, %%xmm3" : : : "xmm3", "st");
}

TEST("signal handlers: x87 and SSE state is saved, fresh for the handler, restored")
{
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	need(sigaction(SIGUSR1, &sa, NULL));
	double in = 2.5, out = 0;
	unsigned short cw = 0x0f7f, cw_after = 0;
	unsigned csr_before = 0x1f80, csr_after = 0;
	float vector[4] = {1, 2, 3, 4}, vector_after[4] = {0};
	long pid = getpid(), ret;
	__asm__ volatile("ldmxcsr %8\n fninit\n fldcw %5\n fldl %6\n movups %7, %%xmm3\n"
			 "syscall\n"
			 "movups %%xmm3, %3\n fstpl %1\n fnstcw %2\n stmxcsr %4\n fninit\n"
			 : "=a"(ret), "=m"(out), "=m"(cw_after), "=m"(vector_after), "=m"(csr_after)
			 : "m"(cw), "m"(in), "m"(vector), "m"(csr_before), "a"(SYS_kill), "D"(pid), "S"(SIGUSR1)
			 : "rcx", "r11", "xmm3", "memory", "st");
	is(ret, 0);
	is(calls, 1);
	is((int)(out * 10), 25);
	is(cw_after, 0x0f7f);
	is(csr_after, 0x1f80);
	is(memcmp(vector, vector_after, sizeof vector), 0);
	/* And over many context switches with another user of the unit. */
	pid_t other;
	SPAWN(other, {
		volatile double x = 1;
		for (int i = 0; i < 200; i++) {
			x = x * 1.0000001;
			sched_yield();
		}
	});
	double sum = 0;
	for (int i = 1; i <= 200; i++) {
		sum += 1.0 / i;
		sched_yield();
	}
	is((int)(sum * 1000), 5878);
	ends(other, "exit 0");
}
