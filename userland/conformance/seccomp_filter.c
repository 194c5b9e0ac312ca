#include "test.h"
#include "filter.h"
static volatile sig_atomic_t trapped;
static void trap(int signo, siginfo_t *info, void *context)
{
	ucontext_t *user = context;
	is(signo, SIGSYS);
	is(info->si_code, SYS_SECCOMP);
	is(info->si_errno, 77);
	is(info->si_syscall, SYS_getpgid);
	is((long)info->si_arch, (long)AUDIT_ARCH_X86_64);
	holds((unsigned long)info->si_call_addr == (unsigned long)user->uc_mcontext.gregs[REG_RIP]);
	is(user->uc_mcontext.gregs[REG_RAX], SYS_getpgid);
	/* The handler answers in the call's stead. */
	user->uc_mcontext.gregs[REG_RAX] = 4321;
	trapped++;
}
static int status_of(void (*body)(void))
{
	pid_t child = fork();
	if (child == 0) {
		body();
		_exit(0);
	}
	int status = -1;
	waitpid(child, &status, 0);
	return status;
}
static void killed(void)
{
	FILTER(kill, NUMBER, IF(SYS_getppid, SECCOMP_RET_KILL_PROCESS), ANSWER(SECCOMP_RET_ALLOW));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	seccomp(SECCOMP_SET_MODE_FILTER, 0, &kill);
	getppid();
}
static void killed_thread(void)
{
	FILTER(kill, NUMBER, IF(SYS_getppid, SECCOMP_RET_KILL), ANSWER(SECCOMP_RET_ALLOW));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	seccomp(SECCOMP_SET_MODE_FILTER, 0, &kill);
	getppid();
}
static void unknown_answer(void)
{
	FILTER(odd, NUMBER, IF(SYS_getegid, 0x12340000), ANSWER(SECCOMP_RET_ALLOW));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	seccomp(SECCOMP_SET_MODE_FILTER, 0, &odd);
	getegid();
}
TEST("seccomp filters: every answer, several filters, inheritance")
{
	FILTER(any, ANSWER(SECCOMP_RET_ALLOW));
	is(prctl(PR_GET_SECCOMP), 0);
	ok(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));

	FILTER(errors, NUMBER, IF(SYS_getppid, SECCOMP_RET_ERRNO | EXDEV), IF(SYS_getsid, SECCOMP_RET_ERRNO | 0xffff),
		IF(SYS_sync, SECCOMP_RET_ERRNO), IF(SYS_getpgid, SECCOMP_RET_TRAP | 77), IF(SYS_getgroups, SECCOMP_RET_TRACE),
		IF(SYS_getcwd, SECCOMP_RET_LOG), ANSWER(SECCOMP_RET_ALLOW));
	ok(seccomp(SECCOMP_SET_MODE_FILTER, 0, &errors));
	is(prctl(PR_GET_SECCOMP), 2);
	fails(syscall(SYS_getppid), EXDEV);
	is(syscall(SYS_getsid, 0), -1);
	is(errno, 4095);
	is(syscall(SYS_sync), 0);
	fails(getgroups(0, NULL), ENOSYS);
	char directory[256];
	holds(getcwd(directory, sizeof directory) != NULL);
	struct sigaction action = {.sa_sigaction = trap, .sa_flags = SA_SIGINFO};
	ok(sigaction(SIGSYS, &action, NULL));
	is(syscall(SYS_getpgid, 0), 4321);
	is(trapped, 1);
	/* Calls that usually take the shortest way are looked at as well, and those without a number. */
	FILTER(fast, NUMBER, IF(SYS_getuid, SECCOMP_RET_ERRNO | EDOM), IF(9999, SECCOMP_RET_ERRNO | ERANGE),
		ANSWER(SECCOMP_RET_ALLOW));
	ok(seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &fast));
	fails(syscall(SYS_getuid), EDOM);
	fails(syscall(9999), ERANGE);
	fails(syscall(9998), ENOSYS);
	/* By argument: both halves are there. */
	FILTER(argument, NUMBER, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_lseek, 0, 3), ARGUMENT(1),
		IF(0x1234, SECCOMP_RET_ERRNO | ENOTUNIQ), ANSWER(SECCOMP_RET_ALLOW));
	ok(seccomp(SECCOMP_SET_MODE_FILTER, 0, &argument));
	fails(lseek(-1, 0x1234, SEEK_SET), ENOTUNIQ);
	fails(lseek(-1, 0x1235, SEEK_SET), EBADF);
	/* The strictest answer counts; of two alike, the newer one. */
	FILTER(newer, NUMBER, IF(SYS_getppid, SECCOMP_RET_ERRNO | ENOLCK), IF(SYS_getpgid, SECCOMP_RET_ERRNO | 3),
		ANSWER(SECCOMP_RET_ALLOW));
	ok(seccomp(SECCOMP_SET_MODE_FILTER, 0, &newer));
	fails(syscall(SYS_getppid), ENOLCK);
	is(syscall(SYS_getpgid, 0), 4321);
	is(trapped, 2);
	/* Children have what the parent has. */
	CHILD(fails(syscall(SYS_getppid), ENOLCK));
	CHILD(is(prctl(PR_GET_SECCOMP), 2));

	is(status_of(killed), SIGSYS);
	is(status_of(killed_thread), SIGSYS);
	is(status_of(unknown_answer), SIGSYS);
	/* A trap that the program ignores or blocks is not to be ignored. */
	signal(SIGSYS, SIG_IGN);
	pid_t child = fork();
	if (child == 0) {
		syscall(SYS_getpgid, 0);
		_exit(0);
	}
	int status;
	waitpid(child, &status, 0);
	is(status, SIGSYS);
	ok(seccomp(SECCOMP_SET_MODE_FILTER, 0, &any));
}
