#include "test.h"
#include <sched.h>

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}
static char stack[65536];

TEST("clone: combinations that are refused, and bad clone3 arguments")
{
	char *top = stack + sizeof stack;
	fails(syscall(SYS_clone, CLONE_THREAD, top, NULL, NULL, NULL), EINVAL);
	fails(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND, top, NULL, NULL, NULL), EINVAL);
	fails(syscall(SYS_clone, CLONE_SIGHAND, top, NULL, NULL, NULL), EINVAL);
	fails(syscall(SYS_clone, CLONE_FS | CLONE_NEWNS, top, NULL, NULL, NULL), EINVAL);
	(void)nothing;
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
	} args = {0};
	fails(syscall(SYS_clone3, &args, 8), EINVAL);
	fails(syscall(SYS_clone3, &args, 8192), E2BIG);
	fails(syscall(SYS_clone3, (void *)8, sizeof args), EFAULT);
	args.exit_signal = 100;
	fails(syscall(SYS_clone3, &args, sizeof args), EINVAL);
	args.exit_signal = SIGCHLD;
	args.flags = CLONE_THREAD;
	fails(syscall(SYS_clone3, &args, sizeof args), EINVAL);
	args.flags = 0;
	args.stack = (uintptr_t)stack;
	fails(syscall(SYS_clone3, &args, sizeof args), EINVAL);
	args.stack = 0;
	args.stack_size = 4096;
	fails(syscall(SYS_clone3, &args, sizeof args), EINVAL);
	args.stack_size = 0;
	args.flags = 1ULL << 60;
	fails(syscall(SYS_clone3, &args, sizeof args), EINVAL);
	args.flags = 0xff & SIGCHLD;
	fails(syscall(SYS_clone3, &args, sizeof args), EINVAL);
	args.flags = 0;
	long pid = syscall(SYS_clone3, &args, sizeof args);
	if (pid == 0)
		_exit(12);
	ends((pid_t)pid, "exit 12");
	uint64_t larger[16] = {0};
	larger[4] = SIGCHLD;
	pid = syscall(SYS_clone3, larger, sizeof larger);
	if (pid == 0)
		_exit(13);
	ends((pid_t)pid, "exit 13");
	larger[15] = 1;
	fails(syscall(SYS_clone3, larger, sizeof larger), E2BIG);
}
