#include "test.h"
#include <sys/shm.h>

TEST("shmctl: IPC_SET, SHM_STAT, SHM_INFO, SHM_LOCK, limits, huge pages")
{
	int id, found = -1, highest = -1;
	struct shmid_ds ds;
	struct shminfo limits;
	struct shm_info info;
	need(id = shmget(0x5ba303, 5000, IPC_CREAT | 0600));
	ok(found = shmctl(id & 0x7fff, SHM_STAT, &ds));
	is(found == id, 1);
	is(ds.shm_segsz, 5000);
	is(shmctl(id & 0x7fff, 15 /* SHM_STAT_ANY */, &ds) == id, 1);
	fails(shmctl(4000, SHM_STAT, &ds), EINVAL);
	ds.shm_perm.mode = 07644;
	ds.shm_perm.uid = 77;
	ok(shmctl(id, IPC_SET, &ds));
	ok(shmctl(id, IPC_STAT, &ds));
	is(ds.shm_perm.mode, 0644);
	is(ds.shm_perm.uid, 77);
	fails(shmctl(id, IPC_STAT, (void *)8), EFAULT);
	fails(shmctl(id, IPC_SET, (void *)8), EFAULT);
	fails(shmctl(id, 99, &ds), EINVAL);
	fails(shmctl(id, -1, &ds), EINVAL);
	fails(shmctl(-1, IPC_STAT, &ds), EINVAL);

	ok(highest = shmctl(0, IPC_INFO, (struct shmid_ds *)&limits));
	holds(highest >= (id & 0x7fff));
	is(limits.shmmax == ULONG_MAX - (1 << 24), 1);
	is(limits.shmall == ULONG_MAX - (1 << 24), 1);
	is(limits.shmmin, 1);
	is(limits.shmmni, 4096);
	is(limits.shmseg, 4096);
	is(shmctl(0, SHM_INFO, (struct shmid_ds *)&info) == highest, 1);
	int segments = info.used_ids;
	unsigned long pages = info.shm_tot, resident = info.shm_rss;
	char *a = shmat(id, NULL, 0);
	a[0] = a[4999] = 1;
	ok(shmctl(0, SHM_INFO, (struct shmid_ds *)&info));
	is(info.shm_rss - resident, 2);
	is(info.shm_swp, 0);
	ok(shmdt(a));

	ok(shmctl(id, SHM_LOCK, NULL));
	ok(shmctl(id, IPC_STAT, &ds));
	is(ds.shm_perm.mode, 02644);
	ok(shmctl(id, SHM_LOCK, NULL));
	ok(shmctl(id, SHM_UNLOCK, NULL));
	ok(shmctl(id, IPC_STAT, &ds));
	is(ds.shm_perm.mode, 0644);
	CHILD(become(77); ok(shmctl(id, SHM_LOCK, NULL)); ok(shmctl(id, SHM_UNLOCK, NULL)));
	CHILD(become(78); fails(shmctl(id, SHM_LOCK, NULL), EPERM); fails(shmctl(id, SHM_UNLOCK, NULL), EPERM));
	CHILD({
		struct rlimit none = {0, 0};
		struct rlimit one = {4096, 4096};
		ok(setrlimit(RLIMIT_MEMLOCK, &one));
		become(77);
		fails(shmctl(id, SHM_LOCK, NULL), ENOMEM);
		ok(setrlimit(RLIMIT_MEMLOCK, &none));
		fails(shmctl(id, SHM_LOCK, NULL), EPERM);
	});
	ok(shmctl(id, IPC_RMID, NULL));
	ok(shmctl(0, SHM_INFO, (struct shmid_ds *)&info));
	is(segments - info.used_ids, 1);
	is(pages - info.shm_tot, 2);

	fails(shmget(IPC_PRIVATE, ULONG_MAX, 0600), EINVAL);
	fails(shmget(IPC_PRIVATE, 1ul << 60, 0600), ENOMEM);
	fails(shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 0600), ENOMEM);
	fails(shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 21 << 26 | 0600), ENOMEM);
	fails(shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 13 << 26 | 0600), EINVAL);
	CHILD(become(77); fails(shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | 0600), EPERM));
	/* Without a promise of memory there may be more than there is. */
	ok(id = shmget(IPC_PRIVATE, 1ul << 40, SHM_NORESERVE | 0600));
	ok(shmctl(id, IPC_RMID, NULL));
}
