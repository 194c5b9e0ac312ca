#include "test.h"
#include <sys/sem.h>

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

TEST("semctl: values, IPC_STAT and IPC_SET, SEM_STAT, IPC_INFO and SEM_INFO")
{
	int id;
	struct semid_ds ds, by_place;
	struct seminfo info;
	time_t before = time(NULL);
	need(id = semget(0x5e4a02, 3, IPC_CREAT | 0640));
	unsigned short all[3] = {1, 2, 3}, got[3] = {0};
	ok(semctl(id, 0, SETALL, all));
	ok(semctl(id, 77, GETALL, got));
	is(got[0] * 100 + got[1] * 10 + got[2], 123);
	ok(semctl(id, 1, SETVAL, 32767));
	is(semctl(id, 1, GETVAL), 32767);
	fails(semctl(id, 1, SETVAL, 32768), ERANGE);
	fails(semctl(id, 1, SETVAL, -1), ERANGE);
	fails(semctl(id, 3, SETVAL, 1), EINVAL);
	fails(semctl(id, -1, SETVAL, 1), EINVAL);
	fails(semctl(id, 3, GETVAL), EINVAL);
	fails(semctl(id, -1, GETPID), EINVAL);
	fails(semctl(id, 3, GETNCNT), EINVAL);
	all[2] = 32768;
	fails(semctl(id, 0, SETALL, all), ERANGE);
	is(semctl(id, 0, GETVAL), 1);
	fails(semctl(id, 0, SETALL, (void *)8), EFAULT);
	fails(semctl(id, 0, GETALL, (void *)8), EFAULT);
	fails(semctl(id, 0, IPC_STAT, (void *)8), EFAULT);
	fails(semctl(id, 0, IPC_SET, (void *)8), EFAULT);
	fails(semctl(id, 0, IPC_INFO, (void *)8), EFAULT);
	fails(semctl(id, 0, 99, 0), EINVAL);
	fails(semctl(id, 0, IPC_STAT | 0x100, &ds), EINVAL);

	memset(&ds, 0xff, sizeof ds);
	ok(semctl(id, 0, IPC_STAT, &ds));
	is(ds.sem_nsems, 3);
	is(ds.sem_otime, 0);
	holds(ds.sem_ctime >= before && ds.sem_ctime <= time(NULL));
	is(ds.sem_perm.__key, 0x5e4a02);
	is(ds.sem_perm.mode, 0640);
	is(ds.sem_perm.uid == geteuid() && ds.sem_perm.cuid == geteuid(), 1);
	is(ds.sem_perm.gid == getegid() && ds.sem_perm.cgid == getegid(), 1);
	is(ds.sem_perm.__seq == id >> 15, 1);
	struct sembuf one = {0, 1, 0};
	ok(semop(id, &one, 1));
	ok(semctl(id, 0, IPC_STAT, &ds));
	holds(ds.sem_otime >= before);
	/* A place instead of an identifier: its sequence number does not matter. */
	int place = id & 0x7fff, found = -1;
	ok(found = semctl(place, 0, SEM_STAT, &by_place));
	is(found == id, 1);
	is(by_place.sem_perm.__key, 0x5e4a02);
	is(semctl(place, 0, 20 /* SEM_STAT_ANY */, &by_place) == id, 1);
	fails(semctl(32000, 0, SEM_STAT, &by_place), EINVAL);

	ds.sem_perm.mode = 07777;
	ds.sem_perm.uid = 1234;
	ds.sem_perm.gid = 4321;
	ok(semctl(id, 0, IPC_SET, &ds));
	ok(semctl(id, 0, IPC_STAT, &ds));
	is(ds.sem_perm.mode, 0777);
	is(ds.sem_perm.uid, 1234);
	is(ds.sem_perm.gid, 4321);
	is(ds.sem_perm.cuid, geteuid());
	ds.sem_perm.uid = -1;
	fails(semctl(id, 0, IPC_SET, &ds), EINVAL);

	int highest = -1;
	ok(highest = semctl(0, 0, IPC_INFO, &info));
	holds(highest >= place);
	is(info.semmni, 32000);
	is(info.semmsl, 32000);
	is(info.semmns, 1024000000);
	is(info.semopm, 500);
	is(info.semvmx, 32767);
	is(info.semmap, 1024000000);
	is(info.semmnu, 1024000000);
	is(info.semume, 500);
	is(info.semusz, 20);
	is(info.semaem, 32767);
	is(semctl(0, 0, SEM_INFO, &info) == highest, 1);
	int sets = info.semusz, semaphores = info.semaem;
	holds(sets >= 1 && semaphores >= 3);
	ok(semctl(id, 0, IPC_RMID));
	ok(semctl(0, 0, SEM_INFO, &info));
	is(sets - info.semusz, 1);
	is(semaphores - info.semaem, 3);
	fails(semctl(id, 0, IPC_STAT, &ds), EINVAL);
	fails(semctl(id, 0, IPC_SET, &ds), EINVAL);
}
