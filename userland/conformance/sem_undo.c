#include "test.h"
#include <sys/sem.h>
#include <sys/syscall.h>

static int id;

static int op(int num, int change, int flags)
{
	struct sembuf one = {num, change, flags};
	return semop(id, &one, 1);
}
static int value(int num) { return semctl(id, num, GETVAL); }
static void *take(void *arg)
{
	ok(op(0, -1, SEM_UNDO));
	return arg;
}
static int plain_child(void *arg)
{
	(void)arg;
	_exit(op(0, -1, SEM_UNDO) != 0);
}

TEST("SEM_UNDO: at exit, by signals, over exec and fork, with threads, after SETVAL")
{
	pid_t pid;
	need(id = semget(IPC_PRIVATE, 3, 0600));
	need(semctl(id, 0, SETVAL, 10));
	CHILD(ok(op(0, -3, SEM_UNDO)); ok(op(0, -2, 0)); is(value(0), 5));
	is(value(0), 8);
	CHILD(ok(op(0, 4, SEM_UNDO)); ok(op(0, -4, SEM_UNDO)); ok(op(1, 1, SEM_UNDO)));
	is(value(0), 8);
	is(value(1), 0);
	CHILD(op(0, -1, SEM_UNDO); _exit(0));
	is(value(0), 8);
	struct gate g = new_gate();
	SPAWN(pid, {
		op(0, -5, SEM_UNDO);
		pass_gate(g);
		pause();
	});
	wait_gate(g);
	is(value(0), 3);
	kill(pid, SIGKILL);
	ends(pid, "signal SIGKILL");
	is(value(0), 8);

	/* The values stay between 0 and 32767. */
	CHILD(ok(op(1, 6, SEM_UNDO)); ok(op(1, -4, 0)));
	is(value(1), 0);
	CHILD(ok(op(2, 32767, 0)); ok(op(2, -10, SEM_UNDO)); ok(op(2, 5, 0)));
	is(value(2), 32767);
	CHILD(ok(op(2, -32767, 0)); ok(op(2, 32767, SEM_UNDO)); ok(op(2, -32767, 0));
	      fails(op(2, 2, SEM_UNDO), ERANGE); is(value(2), 0));
	is(value(2), 0);

	/* A forked child undoes its own doings only; threads share what they do. */
	CHILD({
		ok(op(0, -1, SEM_UNDO));
		CHILD(ok(op(0, -1, SEM_UNDO)); is(value(0), 6));
		is(value(0), 7);
		pthread_t thread;
		need(-pthread_create(&thread, NULL, take, NULL));
		pthread_join(thread, NULL);
		is(value(0), 6);
	});
	is(value(0), 8);

	/* It outlives an exec. */
	SPAWN(pid, {
		op(0, -2, SEM_UNDO);
		char number[16];
		snprintf(number, sizeof number, "%d", id);
		execl("/bin/sh", "sh", "-c", "exit 4", NULL);
	});
	ends(pid, "exit 4");
	is(value(0), 8);

	/* Whoever begins to share may be a process, too. */
	static char stack[65536];
	CHILD({
		int child = clone(plain_child, stack + sizeof stack, CLONE_VM | CLONE_SYSVSEM | SIGCHLD, NULL);
		int status = -1;
		waitpid(child, &status, 0);
		is(status, 0);
		is(value(0), 7);
	});
	is(value(0), 8);

	/* Leaving the list undoes what was done alone. */
	CHILD(ok(op(0, -1, SEM_UNDO)); ok(unshare(CLONE_SYSVSEM)); is(value(0), 8));

	/* Setting a value forgets what was to be undone. */
	CHILD(ok(op(0, -3, SEM_UNDO)); ok(op(1, 2, SEM_UNDO)); ok(semctl(id, 0, SETVAL, 1)));
	is(value(0), 1);
	is(value(1), 0);
	CHILD({
		unsigned short all[3] = {5, 6, 7};
		ok(op(0, -1, SEM_UNDO));
		ok(semctl(id, 0, SETALL, all));
	});
	is(value(0), 5);

	/* Undoing lets others go on. */
	SPAWN(pid, ok(op(0, -6, 0)));
	for (int i = 0; i < 2000 && semctl(id, 0, GETNCNT) == 0; i++)
		sleep_ms(1);
	CHILD(ok(op(0, -1, SEM_UNDO)); ok(op(0, 1, 0)));
	ends(pid, "exit 0");
	is(value(0), 0);

	/* A set that is gone is not undone. */
	CHILD(ok(op(0, 1, SEM_UNDO)); ok(semctl(id, 0, IPC_RMID)));
	fails(value(0), EINVAL);
	fails(op(0, 1, SEM_UNDO), EINVAL);
}
