#include "test.h"

enum { CLASS_SHIFT = 13, RT = 1 << CLASS_SHIFT, BE = 2 << CLASS_SHIFT, IDLE = 3 << CLASS_SHIFT };
enum { PROCESS = 1, GROUP, USER };

TEST("ioprio_set, ioprio_get: classes, levels, inheritance, permission")
{
	is(syscall(SYS_ioprio_get, PROCESS, 0), 0);
	ok(syscall(SYS_ioprio_set, PROCESS, 0, BE | 7));
	is(syscall(SYS_ioprio_get, PROCESS, 0), BE | 7);
	is(syscall(SYS_ioprio_get, PROCESS, getpid()), BE | 7);
	CHILD(is(syscall(SYS_ioprio_get, PROCESS, 0), BE | 7););
	fails(syscall(SYS_ioprio_set, PROCESS, 0, BE | 8), EINVAL);
	fails(syscall(SYS_ioprio_set, PROCESS, 0, RT | 8), EINVAL);
	fails(syscall(SYS_ioprio_set, PROCESS, 0, 5), EINVAL);
	fails(syscall(SYS_ioprio_set, PROCESS, 0, 4 << CLASS_SHIFT), EINVAL);
	fails(syscall(SYS_ioprio_set, 0, 0, BE), EINVAL);
	fails(syscall(SYS_ioprio_set, 4, 0, BE), EINVAL);
	fails(syscall(SYS_ioprio_get, 0, 0), EINVAL);
	fails(syscall(SYS_ioprio_get, PROCESS, 30000000), ESRCH);
	fails(syscall(SYS_ioprio_set, GROUP, 30000000, BE), ESRCH);
	ok(syscall(SYS_ioprio_set, PROCESS, 0, RT | 1));
	ok(syscall(SYS_ioprio_set, PROCESS, 0, IDLE));
	is(syscall(SYS_ioprio_get, PROCESS, 0), IDLE);
	CHILD({
		become(1000);
		fails(syscall(SYS_ioprio_set, PROCESS, 0, RT | 1), EPERM);
		fails(syscall(SYS_ioprio_set, PROCESS, getppid(), BE | 1), EPERM);
		ok(syscall(SYS_ioprio_set, PROCESS, 0, BE | 1));
		is(syscall(SYS_ioprio_get, USER, 1000), BE | 1);
	});
}
