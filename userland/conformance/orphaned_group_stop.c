#include "test.h"
#include <sys/prctl.h>

TEST("orphaned process groups: terminal stops are ignored, stopped members get HUP and CONT")
{
	need(prctl(PR_SET_CHILD_SUBREAPER, 1));
	/* In an orphaned group SIGTSTP does nothing, SIGSTOP does. */
	pid_t pid;
	struct gate go = new_gate();
	SPAWN(pid, {
		need(setsid());
		raise(SIGTSTP);
		raise(SIGTTIN);
		raise(SIGTTOU);
		note("not stopped");
	});
	ends(pid, "exit 0");
	SPAWN(pid, {
		need(setsid());
		raise(SIGSTOP);
		wait_gate(go);
	});
	ends(pid, "stopped SIGSTOP");
	need(kill(pid, SIGCONT));
	ends(pid, "continued");
	pass_gate(go);
	ends(pid, "exit 0");
	/* A stopped group that becomes an orphan is hung up and continued. */
	int id[2];
	need(pipe(id));
	pid_t leader, orphan;
	SPAWN(leader, {
		need(setsid());
		pid_t child = fork();
		if (child == 0) {
			setpgid(0, 0);
			raise(SIGSTOP);
			_exit(1);
		}
		setpgid(child, child);
		need(waitpid(child, NULL, WUNTRACED));
		need(write(id[1], &child, sizeof child));
	});
	ends(leader, "exit 0");
	need(read(id[0], &orphan, sizeof orphan));
	int status;
	do
		need(waitpid(orphan, &status, 0));
	while (!WIFSIGNALED(status) && !WIFEXITED(status));
	text_is(status_name(status), "signal SIGHUP");
}
