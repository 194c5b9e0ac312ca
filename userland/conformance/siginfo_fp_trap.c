#include "test.h"
#include <setjmp.h>

static sigjmp_buf back;
static volatile int code;
static void handler(int sig, siginfo_t *info, void *context)
{
	code = info->si_code;
	siglongjmp(back, 1);
}
TEST("x87 exceptions: SIGFPE with the right si_code when unmasked")
{
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	need(sigaction(SIGFPE, &sa, NULL));
	/* The unit reports at the next instruction that waits. (Emulators leave SSE exceptions out.) */
	code = 0;
	if (sigsetjmp(back, 1) == 0) {
		unsigned short cw = 0x037b;
		__asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(cw));
	}
	is(code, FPE_FLTDIV);
	__asm__ volatile("fninit");
}
