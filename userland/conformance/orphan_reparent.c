#include "test.h"
#include <sys/prctl.h>

TEST("orphans: reparented to the nearest subreaper, which can wait for them")
{
	struct gate go = new_gate(), told = new_gate();
	int flag = -1;
	ok(prctl(PR_GET_CHILD_SUBREAPER, &flag));
	is(flag, 0);
	ok(prctl(PR_SET_CHILD_SUBREAPER, 1));
	ok(prctl(PR_GET_CHILD_SUBREAPER, &flag));
	is(flag, 1);
	pid_t me = getpid(), middle, orphan;
	int ids[2];
	need(pipe(ids));
	SPAWN(middle, {
		/* Not inherited. */
		need(prctl(PR_GET_CHILD_SUBREAPER, &flag));
		is(flag, 0);
		if (fork() == 0) {
			pid_t self = getpid();
			need(write(ids[1], &self, sizeof self));
			wait_gate(go);
			int good = getppid() == me;
			need(write(told.fd[1], &good, sizeof good));
			_exit(33);
		}
	});
	ends(middle, "exit 0");
	need(read(ids[0], &orphan, sizeof orphan));
	pass_gate(go);
	int good = 0;
	need(read(told.fd[0], &good, sizeof good));
	is(good, 1);
	ends(orphan, "exit 33");
	ok(prctl(PR_SET_CHILD_SUBREAPER, 0));
	/* An orphan that is a zombie already is handed over, too. */
	need(prctl(PR_SET_CHILD_SUBREAPER, 1));
	SPAWN(middle, {
		pid_t zombie = fork();
		if (zombie == 0)
			_exit(44);
		need(await_state(zombie, 'Z') ? 0 : -1);
	});
	ends(middle, "exit 0");
	int status;
	holds(wait(&status) > 0);
	text_is(status_name(status), "exit 44");
	fails(wait(NULL), ECHILD);
}
