#include "test.h"
TEST("nice, getpriority, setpriority: ranges, inheritance, permission to lower only")
{
	errno = 0;
	is(getpriority(PRIO_PROCESS, 0), 0);
	ok(setpriority(PRIO_PROCESS, 0, 5));
	is(getpriority(PRIO_PROCESS, 0), 5);
	is(syscall(SYS_getpriority, PRIO_PROCESS, 0), 15);
	ok(setpriority(PRIO_PROCESS, 0, 100));
	is(getpriority(PRIO_PROCESS, 0), 19);
	ok(setpriority(PRIO_PROCESS, 0, -100));
	is(getpriority(PRIO_PROCESS, 0), -20);
	ok(setpriority(PRIO_PROCESS, 0, 3));
	is(nice(2), 5);
	CHILD({
		is(getpriority(PRIO_PROCESS, 0), 5);
		become(1000);
		fails(setpriority(PRIO_PROCESS, 0, 4), EACCES);
		ok(setpriority(PRIO_PROCESS, 0, 6));
		fails(setpriority(PRIO_PROCESS, getppid(), 7), EPERM);
		fails(nice(-1), EPERM);
	});
	fails(getpriority(9, 0), EINVAL);
	fails(setpriority(9, 0, 0), EINVAL);
	fails(getpriority(PRIO_PROCESS, 30000000), ESRCH);
	fails(setpriority(PRIO_PGRP, 30000000, 0), ESRCH);
	pid_t pid;
	struct gate go = new_gate(), ready = new_gate();
	SPAWN(pid, {
		setpgid(0, 0);
		pass_gate(ready);
		wait_gate(go);
		is(getpriority(PRIO_PROCESS, 0), 9);
	});
	wait_gate(ready);
	ok(setpriority(PRIO_PGRP, (id_t)pid, 9));
	is(getpriority(PRIO_PGRP, (id_t)pid), 9);
	pass_gate(go);
	ends(pid, "exit 0");
}
