#include "test.h"
TEST("rt_sigqueueinfo, rt_tgsigqueueinfo: no forged codes for others")
{
	siginfo_t info;
	memset(&info, 0, sizeof info);
	info.si_signo = SIGUSR1;
	info.si_code = SI_QUEUE;
	info.si_value.sival_int = 9;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ok(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info));
	siginfo_t got;
	is(sigwaitinfo(&set, &got), SIGUSR1);
	is(got.si_code, SI_QUEUE);
	is(got.si_value.sival_int, 9);
	/* To itself a process may claim anything. */
	info.si_code = SI_USER;
	ok(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info));
	is(sigwaitinfo(&set, &got), SIGUSR1);
	pid_t parent = getpid();
	CHILD({
		info.si_code = SI_USER;
		fails(syscall(SYS_rt_sigqueueinfo, parent, SIGUSR1, &info), EPERM);
		info.si_code = SI_TKILL;
		fails(syscall(SYS_rt_sigqueueinfo, parent, SIGUSR1, &info), EPERM);
		info.si_code = SI_QUEUE;
		ok(syscall(SYS_rt_sigqueueinfo, parent, SIGUSR1, &info));
	});
	is(sigwaitinfo(&set, &got), SIGUSR1);
	fails(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, (void *)8), EFAULT);
	info.si_code = SI_QUEUE;
	fails(syscall(SYS_rt_tgsigqueueinfo, getpid(), 0, SIGUSR1, &info), EINVAL);
	fails(syscall(SYS_rt_tgsigqueueinfo, getpid(), 30000000, SIGUSR1, &info), ESRCH);
	ok(syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGUSR1, &info));
	is(sigwaitinfo(&set, &got), SIGUSR1);
}
