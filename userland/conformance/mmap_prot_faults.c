#include "test.h"
#include <setjmp.h>

static sigjmp_buf jump;
static volatile int got, code;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	got = sig;
	code = info->si_code;
	siglongjmp(jump, 1);
}

static const char *reading(volatile char *p)
{
	got = code = 0;
	if (sigsetjmp(jump, 1) == 0)
		(void)*p;
	return got ? code == SEGV_ACCERR ? "ACCERR" : "MAPERR" : "fine";
}

static const char *writing(volatile char *p)
{
	got = code = 0;
	if (sigsetjmp(jump, 1) == 0)
		*p = 1;
	return got ? code == SEGV_ACCERR ? "ACCERR" : "MAPERR" : "fine";
}

static const char *calling(char *p)
{
	got = code = 0;
	if (sigsetjmp(jump, 1) == 0)
		((void (*)(void))(uintptr_t)p)();
	return got ? code == SEGV_ACCERR ? "ACCERR" : "MAPERR" : "fine";
}

TEST("mmap, mprotect: which access faults, and with which si_code")
{
	struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	need(sigaction(SIGSEGV, &sa, NULL));
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	p[0] = (char)0xc3; /* ret */
	text_is(reading(p), "fine");
	text_is(writing(p + 1), "fine");
	text_is(calling(p), "ACCERR");
	need(mprotect(p, 4096, PROT_READ));
	text_is(reading(p), "fine");
	text_is(writing(p), "ACCERR");
	text_is(calling(p), "ACCERR");
	need(mprotect(p, 4096, PROT_READ | PROT_EXEC));
	text_is(reading(p), "fine");
	text_is(writing(p), "ACCERR");
	text_is(calling(p), "fine");
	need(mprotect(p, 4096, PROT_NONE));
	text_is(reading(p), "ACCERR");
	text_is(writing(p), "ACCERR");
	text_is(calling(p), "ACCERR");
	need(mprotect(p, 4096, PROT_WRITE));
	text_is(writing(p + 1), "fine");
	need(munmap(p, 4096));
	text_is(reading(p), "MAPERR");
	text_is(writing(p), "MAPERR");
	text_is(calling(p), "MAPERR");
	text_is(reading((char *)8), "MAPERR");
}
