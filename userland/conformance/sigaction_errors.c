#include "test.h"
static void handler(int sig) {}

TEST("sigaction: numbers and pointers that are refused")
{
	struct sigaction sa = {.sa_handler = handler}, old;
	fails(sigaction(0, &sa, NULL), EINVAL);
	fails(sigaction(65, &sa, NULL), EINVAL);
	fails(sigaction(-1, &sa, NULL), EINVAL);
	fails(sigaction(SIGKILL, &sa, NULL), EINVAL);
	fails(sigaction(SIGSTOP, &sa, NULL), EINVAL);
	sa.sa_handler = SIG_IGN;
	fails(sigaction(SIGKILL, &sa, NULL), EINVAL);
	ok(sigaction(SIGKILL, NULL, &old));
	holds(old.sa_handler == SIG_DFL);
	fails(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
	fails(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 16), EINVAL);
	fails(syscall(SYS_rt_sigaction, SIGUSR1, (void *)8, NULL, 8), EFAULT);
	fails(syscall(SYS_rt_sigaction, SIGUSR1, NULL, (void *)8, 8), EFAULT);
	ok(syscall(SYS_rt_sigaction, 64, NULL, NULL, 8));
	fails(syscall(SYS_rt_sigprocmask, SIG_BLOCK, (void *)8, NULL, 8), EFAULT);
	fails(syscall(SYS_rt_sigprocmask, 77, &old.sa_mask, NULL, 8), EINVAL);
	ok(syscall(SYS_rt_sigprocmask, 77, NULL, &old.sa_mask, 8));
	fails(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &old.sa_mask, NULL, 7), EINVAL);
	fails(syscall(SYS_rt_sigpending, &old.sa_mask, 9), EINVAL);
	fails(syscall(SYS_rt_sigpending, (void *)8, 8), EFAULT);
}
