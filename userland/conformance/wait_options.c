#include "test.h"
TEST("waitpid, wait4: WNOHANG, groups, null pointers, order of children")
{
	struct gate go = new_gate();
	pid_t pid, other;
	fails(waitpid(-1, NULL, 0), ECHILD);
	fails(waitpid(-1, NULL, WNOHANG), ECHILD);
	fails(waitpid(1, NULL, 0), ECHILD);
	fails(waitpid(getpid(), NULL, 0), ECHILD);
	fails(waitpid(-1, NULL, 0x40), EINVAL);
	fails(waitpid(INT_MIN, NULL, 0), ESRCH);
	SPAWN(pid, {
		wait_gate(go);
		_exit(1);
	});
	is(waitpid(pid, NULL, WNOHANG), 0);
	is(waitpid(-1, NULL, WNOHANG), 0);
	fails(waitpid(pid + 1000000, NULL, WNOHANG), ECHILD);
	pass_gate(go);
	holds(waitpid(pid, NULL, 0) == pid);
	fails(waitpid(pid, NULL, 0), ECHILD);
	/* By process group. */
	SPAWN(pid, {
		setpgid(0, 0);
		wait_gate(go);
		_exit(2);
	});
	setpgid(pid, pid);
	SPAWN(other, _exit(3));
	int status;
	holds(waitpid(0, &status, 0) == other);
	is(WEXITSTATUS(status), 3);
	fails(waitpid(0, &status, 0), ECHILD);
	is(waitpid(-pid, &status, WNOHANG), 0);
	pass_gate(go);
	holds(waitpid(-pid, &status, 0) == pid);
	is(WEXITSTATUS(status), 2);
	fails(waitpid(-pid, &status, 0), ECHILD);
	/* A child that was stopped is reported once. */
	SPAWN(pid, raise(SIGSTOP));
	holds(waitpid(pid, &status, WUNTRACED) == pid);
	is(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
	is(waitpid(pid, &status, WNOHANG), 0);
	need(kill(pid, SIGKILL));
	holds(waitpid(pid, &status, 0) == pid);
	/* A bad pointer is noticed after the child was taken. */
	SPAWN(pid, _exit(0));
	need(await_state(pid, 'Z') ? 0 : -1);
	fails(syscall(SYS_wait4, pid, (int *)8, 0, NULL), EFAULT);
	fails(waitpid(pid, NULL, 0), ECHILD);
}
