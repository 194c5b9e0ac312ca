#include "test.h"
#include <sys/prctl.h>

TEST("prctl: parent death signal, thread name, dumpable, unknown options")
{
	int value = -1;
	ok(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	ok(prctl(PR_GET_PDEATHSIG, &value));
	is(value, SIGUSR1);
	fails(prctl(PR_SET_PDEATHSIG, 100), EINVAL);
	CHILD({
		need(prctl(PR_GET_PDEATHSIG, &value));
		is(value, 0);
	});
	ok(prctl(PR_SET_PDEATHSIG, 0));
	need(prctl(PR_SET_CHILD_SUBREAPER, 1));
	struct gate ready = new_gate();
	int id[2];
	need(pipe(id));
	pid_t middle, orphan;
	SPAWN(middle, {
		if (fork() == 0) {
			pid_t self = getpid();
			need(prctl(PR_SET_PDEATHSIG, SIGTERM));
			need(write(id[1], &self, sizeof self));
			pass_gate(ready);
			for (;;)
				pause();
		}
		wait_gate(ready);
	});
	ends(middle, "exit 0");
	need(read(id[0], &orphan, sizeof orphan));
	ends(orphan, "signal SIGTERM");
	char name[17] = "";
	ok(prctl(PR_SET_NAME, "a-name-that-is-too-long"));
	ok(prctl(PR_GET_NAME, name));
	text_is(name, "a-name-that-is-");
	is(prctl(PR_GET_DUMPABLE), 1);
	ok(prctl(PR_SET_DUMPABLE, 0));
	is(prctl(PR_GET_DUMPABLE), 0);
	fails(prctl(PR_SET_DUMPABLE, 5), EINVAL);
	fails(prctl(123456), EINVAL);
	fails(prctl(PR_GET_NAME, (char *)8), EFAULT);
}
