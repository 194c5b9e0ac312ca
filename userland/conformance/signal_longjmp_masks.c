#include "test.h"
#include <setjmp.h>

static jmp_buf plain;
static sigjmp_buf full;
static volatile int how;

static void handler(int sig)
{
	if (how == 0)
		_longjmp(plain, 1);
	siglongjmp(full, 1);
}
static int blocked(void)
{
	sigset_t set;
	sigprocmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, SIGUSR1);
}

TEST("leaving a handler by longjmp leaves the mask, by siglongjmp restores it")
{
	signal(SIGUSR1, handler);
	if (_setjmp(plain) == 0)
		raise(SIGUSR1);
	is(blocked(), 1);
	sigset_t set;
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	how = 1;
	if (sigsetjmp(full, 1) == 0)
		raise(SIGUSR1);
	is(blocked(), 0);
	if (sigsetjmp(full, 0) == 0)
		raise(SIGUSR1);
	is(blocked(), 1);
}
