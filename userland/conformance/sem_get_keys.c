#include "test.h"
#include <sys/sem.h>

enum { KEY = 0x5e4a01 };

TEST("semget: keys, flags, sizes, identifiers that are used again")
{
	int id = -1, other = -1;
	fails(semget(KEY, 1, 0600), ENOENT);
	fails(semget(KEY, 0, IPC_CREAT | 0600), EINVAL);
	fails(semget(KEY, -1, IPC_CREAT | 0600), EINVAL);
	fails(semget(KEY, 32001, IPC_CREAT | 0600), EINVAL);
	ok(id = semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0600));
	fails(semget(KEY, 3, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	is(semget(KEY, 3, IPC_CREAT | 0600) == id, 1);
	is(semget(KEY, 2, 0) == id, 1);
	is(semget(KEY, 0, 0) == id, 1);
	fails(semget(KEY, 4, 0600), EINVAL);
	fails(semget(KEY, 4, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	ok(other = semget(IPC_PRIVATE, 1, 0600));
	holds(other != id);
	int third = semget(IPC_PRIVATE, 32000, 0600);
	holds(third >= 0 && third != other);
	is(semctl(third, 31999, GETVAL), 0);
	ok(semctl(third, 0, IPC_RMID));
	ok(semctl(other, 0, IPC_RMID));
	ok(semctl(id, 0, IPC_RMID));
	fails(semctl(id, 0, IPC_RMID), EINVAL);
	fails(semget(KEY, 1, 0600), ENOENT);
	/* A key that is free again names a new set. */
	ok(other = semget(KEY, 1, IPC_CREAT | 0600));
	holds(other != id);
	ok(semctl(other, 0, IPC_RMID));
	/* Places come round after 64: the sequence number tells the new set from the old. */
	int first = semget(IPC_PRIVATE, 1, 0600), again = -1, seen = 0;
	semctl(first, 0, IPC_RMID);
	for (int i = 0; i < 70 && !seen; i++) {
		again = semget(IPC_PRIVATE, 1, 0600);
		if (again % 32768 == first % 32768) {
			seen = 1;
			is(i, 63);
			is(again / 32768 - first / 32768, 1);
			fails(semctl(first, 0, GETVAL), EINVAL);
			is(semctl(again, 0, GETVAL), 0);
		}
		semctl(again, 0, IPC_RMID);
	}
	is(seen, 1);
	fails(semctl(-1, 0, GETVAL), EINVAL);
	fails(semctl(12345678, 0, GETVAL), EINVAL);
}
