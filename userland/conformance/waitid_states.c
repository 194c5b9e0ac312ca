#include "test.h"
static const char *code_name(int code)
{
	switch (code) {
	case CLD_EXITED: return "CLD_EXITED";
	case CLD_KILLED: return "CLD_KILLED";
	case CLD_DUMPED: return "CLD_DUMPED";
	case CLD_STOPPED: return "CLD_STOPPED";
	case CLD_CONTINUED: return "CLD_CONTINUED";
	default: return "other";
	}
}

static siginfo_t info;

static void show(pid_t pid)
{
	is(info.si_signo, SIGCHLD);
	holds(info.si_pid == pid);
	is(info.si_uid, 0);
	is(info.si_errno, 0);
	printf("%s, status %d\n", code_name(info.si_code), info.si_status);
}

TEST("waitid: each state, WNOWAIT, WNOHANG, who is waited for")
{
	pid_t pid;
	struct gate go = new_gate();
	SPAWN(pid, {
		raise(SIGSTOP);
		wait_gate(go);
		_exit(9);
	});
	ok(waitid(P_PID, (id_t)pid, &info, WSTOPPED));
	show(pid);
	info.si_pid = 77;
	ok(waitid(P_PID, (id_t)pid, &info, WEXITED | WSTOPPED | WNOHANG));
	is(info.si_pid, 0);
	is(info.si_signo, 0);
	need(kill(pid, SIGCONT));
	ok(waitid(P_PID, (id_t)pid, &info, WCONTINUED));
	pass_gate(go);
	show(pid);
	ok(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	show(pid);
	ok(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT));
	show(pid);
	ok(waitid(P_PID, (id_t)pid, &info, WEXITED));
	show(pid);
	fails(waitid(P_PID, (id_t)pid, &info, WEXITED), ECHILD);
	SPAWN(pid, {
		setpgid(0, 0);
		kill(getpid(), SIGKILL);
	});
	setpgid(pid, pid);
	ok(waitid(P_PGID, (id_t)pid, &info, WEXITED));
	show(pid);
	SPAWN(pid, kill(getpid(), SIGTERM));
	ok(waitid(P_ALL, 0, NULL, WEXITED));
	fails(waitid(P_ALL, 0, &info, 0), EINVAL);
	fails(waitid(P_ALL, 0, &info, WNOHANG), EINVAL);
	fails(waitid(P_ALL, 0, &info, WEXITED | 0x100), EINVAL);
	fails(waitid(9, 0, &info, WEXITED), EINVAL);
	fails(waitid(P_PID, 0, &info, WEXITED), EINVAL);
	fails(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
}
