#include "test.h"
#include <sys/sem.h>

static int id;

static int op(int num, int change, int flags)
{
	struct sembuf one = {num, change, flags};
	return semop(id, &one, 1);
}

static void await_count(int num, int which, int wanted)
{
	for (int i = 0; i < 2000 && semctl(id, num, which) != wanted; i++)
		sleep_ms(1);
}

TEST("semop: who waits, in which order they go on, removal and stops meanwhile")
{
	pid_t pid[4];
	need(id = semget(IPC_PRIVATE, 3, 0600));
	SPAWN(pid[0], ok(op(0, -1, 0)));
	await_count(0, GETNCNT, 1);
	is(semctl(id, 0, GETNCNT), 1);
	is(semctl(id, 0, GETZCNT), 0);
	ok(op(0, 1, 0));
	ends(pid[0], "exit 0");
	is(semctl(id, 0, GETNCNT), 0);
	is(semctl(id, 0, GETPID) == pid[0], 1);

	/* For zero. */
	ok(op(1, 2, 0));
	SPAWN(pid[0], ok(op(1, 0, 0)));
	await_count(1, GETZCNT, 1);
	is(semctl(id, 1, GETZCNT), 1);
	ok(op(1, -1, 0));
	is(semctl(id, 1, GETZCNT), 1);
	ok(op(1, -1, 0));
	ends(pid[0], "exit 0");

	/* The first who can goes on, also past one who wants more. */
	SPAWN(pid[0], ok(op(0, -5, 0)));
	await_count(0, GETNCNT, 1);
	SPAWN(pid[1], ok(op(0, -2, 0)));
	await_count(0, GETNCNT, 2);
	ok(op(0, 2, 0));
	ends(pid[1], "exit 0");
	is(semctl(id, 0, GETNCNT), 1);
	is(semctl(id, 0, GETVAL), 0);
	ok(op(0, 5, 0));
	ends(pid[0], "exit 0");

	/* All or nothing: it waits because of the second, then of the first. */
	SPAWN(pid[0], {
		struct sembuf two[] = {{0, -1, 0}, {2, -1, 0}};
		ok(semop(id, two, 2));
	});
	await_count(0, GETNCNT, 1);
	is(semctl(id, 2, GETNCNT), 0);
	ok(op(0, 1, 0));
	await_count(2, GETNCNT, 1);
	is(semctl(id, 0, GETNCNT), 0);
	is(semctl(id, 2, GETNCNT), 1);
	is(semctl(id, 0, GETVAL), 1);
	ok(op(2, 1, 0));
	ends(pid[0], "exit 0");
	is(semctl(id, 0, GETVAL), 0);

	/* What one does lets another go on. */
	SPAWN(pid[0], {
		struct sembuf two[] = {{0, -1, 0}, {2, 1, 0}};
		ok(semop(id, two, 2));
	});
	await_count(0, GETNCNT, 1);
	SPAWN(pid[1], ok(op(2, -1, 0)));
	await_count(2, GETNCNT, 1);
	ok(op(0, 1, 0));
	ends(pid[0], "exit 0");
	ends(pid[1], "exit 0");

	/* IPC_NOWAIT of a later operation counts once the earlier ones are possible. */
	SPAWN(pid[0], {
		struct sembuf two[] = {{0, -1, 0}, {2, -1, IPC_NOWAIT}};
		fails(semop(id, two, 2), EAGAIN);
	});
	await_count(0, GETNCNT, 1);
	ok(op(0, 1, 0));
	ends(pid[0], "exit 0");
	is(semctl(id, 0, GETVAL), 1);

	/* SETVAL and SETALL let go on, too. */
	SPAWN(pid[0], ok(op(1, -3, 0)));
	await_count(1, GETNCNT, 1);
	ok(semctl(id, 1, SETVAL, 4));
	ends(pid[0], "exit 0");
	is(semctl(id, 1, GETVAL), 1);
	SPAWN(pid[0], ok(op(1, 0, 0)));
	await_count(1, GETZCNT, 1);
	unsigned short all[3] = {9, 0, 9};
	ok(semctl(id, 0, SETALL, all));
	ends(pid[0], "exit 0");

	/* Even a stop ends it. */
	SPAWN(pid[0], fails(op(1, -1, 0), EINTR));
	await_count(1, GETNCNT, 1);
	kill(pid[0], SIGSTOP);
	await_state(pid[0], 'T');
	kill(pid[0], SIGCONT);
	join_child(pid[0]);

	SPAWN(pid[0], fails(op(1, -1, 0), EIDRM));
	await_count(1, GETNCNT, 1);
	SPAWN(pid[1], fails(op(0, 0, 0), EIDRM));
	await_count(0, GETZCNT, 1);
	ok(semctl(id, 0, IPC_RMID));
	ends(pid[0], "exit 0");
	ends(pid[1], "exit 0");
}
