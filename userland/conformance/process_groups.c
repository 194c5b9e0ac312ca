#include "test.h"
TEST("setpgid, getpgid, setsid: rules and errors")
{
	struct gate go = new_gate(), ready = new_gate();
	pid_t me = getpid(), a, b;
	CHILD({
		me = getpid();
		ok(setpgid(0, 0));
		holds(getpgrp() == me && getpgid(0) == me);
		SPAWN(a, {
			pass_gate(ready);
			wait_gate(go);
		});
		wait_gate(ready);
		ok(setpgid(a, a));
		holds(getpgid(a) == a);
		SPAWN(b, {
			pass_gate(ready);
			wait_gate(go);
		});
		wait_gate(ready);
		ok(setpgid(b, a));
		holds(getpgid(b) == a);
		ok(setpgid(b, me));
		fails(setpgid(b, 1), EPERM);
		fails(setpgid(b, 30000000), EPERM);
		fails(setpgid(1, 1), ESRCH);
		fails(setpgid(getppid(), 0), ESRCH);
		fails(setpgid(-1, 0), EINVAL);
		fails(setpgid(0, -1), EINVAL);
		fails(getpgid(30000000), ESRCH);
		fails(getsid(30000000), ESRCH);
		/* A group leader can't found a session. */
		fails(setsid(), EPERM);
		pass_gate(go);
		pass_gate(go);
		ends(a, "exit 0");
		ends(b, "exit 0");
	});
	pid_t leader;
	SPAWN(leader, {
		holds(setsid() == getpid());
		holds(getsid(0) == getpid() && getpgrp() == getpid());
		fails(setsid(), EPERM);
		fails(setpgid(0, 0), EPERM);
		pass_gate(ready);
		wait_gate(go);
	});
	wait_gate(ready);
	/* In another session now. */
	fails(setpgid(leader, getpgrp()), EPERM);
	holds(getsid(leader) == leader);
	pass_gate(go);
	ends(leader, "exit 0");
	/* A child that has called exec is out of reach. */
	int fds[2];
	need(pipe2(fds, O_CLOEXEC));
	SPAWN(a, execlp("sleep", "sleep", "10", NULL); execlp("/bin/busybox", "sleep", "10", NULL));
	close(fds[1]);
	char byte;
	is(read(fds[0], &byte, 1), 0);
	fails(setpgid(a, a), EACCES);
	need(kill(a, SIGKILL));
	ends(a, "signal SIGKILL");
}
