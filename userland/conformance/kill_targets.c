#include "test.h"
TEST("kill: positive, zero, negative, -1, and signal 0")
{
	struct gate ready = new_gate();
	pid_t a, b;
	ok(kill(getpid(), 0));
	fails(kill(getpid(), 65), EINVAL);
	fails(kill(getpid(), -1), EINVAL);
	fails(kill(30000000, 0), ESRCH);
	fails(kill(-30000000, 0), ESRCH);
	fails(kill(INT_MIN, 0), ESRCH);
	SPAWN(a, {
		setpgid(0, 0);
		pass_gate(ready);
		pause();
	});
	wait_gate(ready);
	SPAWN(b, {
		setpgid(0, a);
		pass_gate(ready);
		pause();
	});
	wait_gate(ready);
	ok(kill(-a, 0));
	ok(kill(-a, SIGTERM));
	ends(a, "signal SIGTERM");
	ends(b, "signal SIGTERM");
	fails(kill(-a, 0), ESRCH);
	/* A zombie can be signalled, to no effect. */
	SPAWN(a, _exit(3));
	need(await_state(a, 'Z') ? 0 : -1);
	ok(kill(a, 0));
	ok(kill(a, SIGKILL));
	ends(a, "exit 3");
	fails(kill(a, 0), ESRCH);
	/* Group 0 is the caller's own. */
	SPAWN(a, {
		setpgid(0, 0);
		pid_t inner;
		SPAWN(inner, pause());
		need(await_state(inner, 'S') ? 0 : -1);
		signal(SIGUSR1, SIG_IGN);
		need(kill(0, SIGUSR1));
		ends(inner, "signal SIGUSR1");
	});
	ends(a, "exit 0");
}
