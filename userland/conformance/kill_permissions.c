#include "test.h"
TEST("kill: who may signal whom")
{
	struct gate ready = new_gate();
	pid_t user, saved, root;
	SPAWN(user, {
		become(1000);
		pass_gate(ready);
		for (;;)
			pause();
	});
	SPAWN(saved, {
		need(setresuid(1000, 2000, 3000));
		pass_gate(ready);
		for (;;)
			pause();
	});
	SPAWN(root, {
		pass_gate(ready);
		for (;;)
			pause();
	});
	for (int i = 0; i < 3; i++)
		wait_gate(ready);
	CHILD({
		become(1000);
		ok(kill(user, 0));
		ok(kill(saved, 0));
		fails(kill(root, 0), EPERM);
		fails(kill(1, SIGTERM), EPERM);
		/* The same session may continue anybody. */
		ok(kill(root, SIGCONT));
	});
	CHILD({
		become(2000);
		/* The target's effective id does not count. */
		fails(kill(saved, 0), EPERM);
		fails(kill(user, SIGTERM), EPERM);
	});
	CHILD({
		become(3000);
		ok(kill(saved, 0));
	});
	CHILD({
		need(setresuid(1000, 2000, 2000));
		/* Either of the sender's real and effective ids is enough. */
		ok(kill(user, 0));
		fails(kill(root, SIGTERM), EPERM);
	});
	CHILD({
		become(1000);
		need(setsid());
		fails(kill(root, SIGCONT), EPERM);
	});
	ok(kill(user, SIGTERM));
	ok(kill(saved, SIGTERM));
	ok(kill(root, SIGTERM));
	ends(user, "signal SIGTERM");
	ends(saved, "signal SIGTERM");
	ends(root, "signal SIGTERM");
}
