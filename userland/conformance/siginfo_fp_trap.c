#include "test.h"
#include <fenv.h>
#include <setjmp.h>

static sigjmp_buf back;
static volatile int code;
static void handler(int sig, siginfo_t *info, void *context)
{
	code = info->si_code;
	siglongjmp(back, 1);
}
static void unmask(unsigned bits)
{
	unsigned csr;
	__asm__ volatile("stmxcsr %0" : "=m"(csr));
	csr = (csr & ~0x3fU) & ~(bits << 7);
	__asm__ volatile("ldmxcsr %0" : : "m"(csr));
}
static int caught(unsigned bits, volatile double a, volatile double b, char op)
{
	volatile double r;
	code = 0;
	if (sigsetjmp(back, 1) == 0) {
		unmask(bits);
		r = op == '/' ? a / b : op == '*' ? a * b : a - b;
		(void)r;
	}
	unsigned csr = 0x1f80;
	__asm__ volatile("ldmxcsr %0" : : "m"(csr));
	return code;
}

TEST("floating point exceptions: SIGFPE with the right si_code when unmasked")
{
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	need(sigaction(SIGFPE, &sa, NULL));
	is(caught(0, 1, 0, '/'), 0);
	is(caught(4, 1, 0, '/'), FPE_FLTDIV);
	is(caught(1, 0, 0, '/'), FPE_FLTINV);
	is(caught(8, 1e300, 1e300, '*'), FPE_FLTOVF);
	is(caught(32, 1, 3, '/'), FPE_FLTRES);
	/* The x87 unit reports at the next instruction that waits. */
	code = 0;
	if (sigsetjmp(back, 1) == 0) {
		unsigned short cw = 0x037b;
		__asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(cw));
	}
	is(code, FPE_FLTDIV);
	__asm__ volatile("fninit");
}
