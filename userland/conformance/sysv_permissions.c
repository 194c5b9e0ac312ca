#include "test.h"
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static int sem, shm, msg;
static struct {
	long type;
	char text[8];
} m = {1, "text"};

static void set_modes(int mode, int uid, int gid)
{
	struct semid_ds sd;
	struct shmid_ds hd;
	struct msqid_ds md;
	semctl(sem, 0, IPC_STAT, &sd);
	shmctl(shm, IPC_STAT, &hd);
	msgctl(msg, IPC_STAT, &md);
	sd.sem_perm.mode = hd.shm_perm.mode = md.msg_perm.mode = mode;
	sd.sem_perm.uid = hd.shm_perm.uid = md.msg_perm.uid = uid;
	sd.sem_perm.gid = hd.shm_perm.gid = md.msg_perm.gid = gid;
	semctl(sem, 0, IPC_SET, &sd);
	shmctl(shm, IPC_SET, &hd);
	msgctl(msg, IPC_SET, &md);
}

/* What may be done, a letter each: lower case for reading, upper case for writing. */
static const char *rights(void)
{
	static char text[16];
	struct semid_ds sd;
	struct shmid_ds hd;
	struct msqid_ds md;
	struct sembuf up = {0, 1, 0}, zero = {1, 0, IPC_NOWAIT};
	char *to = text;
	void *at;
	if (semctl(sem, 0, IPC_STAT, &sd) == 0 && semctl(sem, 0, GETVAL) >= 0 && semop(sem, &zero, 1) == 0)
		*to++ = 's';
	if (semop(sem, &up, 1) == 0 && semctl(sem, 0, SETVAL, 0) == 0)
		*to++ = 'S';
	if (shmctl(shm, IPC_STAT, &hd) == 0 && (at = shmat(shm, NULL, SHM_RDONLY)) != (void *)-1) {
		shmdt(at);
		*to++ = 'h';
	}
	if ((at = shmat(shm, NULL, 0)) != (void *)-1) {
		shmdt(at);
		*to++ = 'H';
	}
	if ((at = shmat(shm, NULL, SHM_RDONLY | SHM_EXEC)) != (void *)-1) {
		shmdt(at);
		*to++ = 'x';
	}
	if (msgctl(msg, IPC_STAT, &md) == 0 && (msgrcv(msg, &m, 8, 9, IPC_NOWAIT) < 0 && errno == ENOMSG))
		*to++ = 'm';
	if (msgsnd(msg, &m, 4, IPC_NOWAIT) == 0)
		*to++ = 'M';
	*to = 0;
	return text;
}

static void as(uid_t uid, gid_t gid, const char *wanted)
{
	CHILD({
		setgroups(0, NULL);
		setresgid(gid, gid, gid);
		setresuid(uid, uid, uid);
		text_is(rights(), wanted);
	});
	while (msgrcv(msg, &m, 8, 0, IPC_NOWAIT) >= 0)
		;
}

TEST("permissions of System V IPC: owner, group, others, creator, IPC_SET and IPC_RMID")
{
	need(sem = semget(0x9e3301, 2, IPC_CREAT | 0600));
	need(shm = shmget(0x9e3301, 100, IPC_CREAT | 0600));
	need(msg = msgget(0x9e3301, IPC_CREAT | 0600));
	as(0, 0, "sShHxmM");
	as(100, 100, "");
	set_modes(0644, 0, 0);
	as(100, 100, "shm");
	set_modes(0622, 0, 0);
	as(100, 100, "SM");
	set_modes(0640, 100, 200);
	as(100, 300, "sShHmM");
	as(300, 200, "shm");
	as(300, 300, "");
	set_modes(0705, 100, 200);
	as(300, 200, "");
	as(300, 300, "shxm");
	as(100, 300, "sShHxmM");
	set_modes(0070, 100, 200);
	as(100, 200, "");
	as(300, 200, "sShHxmM");
	/* The creator counts as owner, and root's capability for everything. */
	set_modes(0000, 100, 200);
	as(0, 0, "sShHxmM");

	set_modes(0666, 100, 200);
	CHILD({
		become(300);
		fails(semctl(sem, 0, IPC_RMID), EPERM);
		fails(shmctl(shm, IPC_RMID, NULL), EPERM);
		fails(msgctl(msg, IPC_RMID, NULL), EPERM);
		struct semid_ds sd;
		ok(semctl(sem, 0, IPC_STAT, &sd));
		fails(semctl(sem, 0, IPC_SET, &sd), EPERM);
		is(semget(0x9e3301, 1, 0600) == sem, 1);
		is(shmget(0x9e3301, 1, 0444) == shm, 1);
		fails(shmget(0x9e3301, 1, 0777), EACCES);
		is(msgget(0x9e3301, 0222) == msg, 1);
		fails(msgget(0x9e3301, IPC_CREAT | 0111), EACCES);
	});
	set_modes(0600, 100, 200);
	CHILD({
		become(300);
		struct semid_ds sd;
		struct shmid_ds hd;
		struct msqid_ds md;
		fails(semctl(sem, 0, IPC_STAT, &sd), EACCES);
		fails(semctl(sem, 0, GETALL, &sd), EACCES);
		fails(semctl(sem, 0, GETPID), EACCES);
		fails(semctl(sem, 0, SETVAL, 1), EACCES);
		fails(shmctl(shm, IPC_STAT, &hd), EACCES);
		fails(msgctl(msg, IPC_STAT, &md), EACCES);
		fails(semctl(sem & 0x7fff, 0, SEM_STAT, &sd), EACCES);
		is(semctl(sem & 0x7fff, 0, 20, &sd) == sem, 1);
		is(shmctl(shm & 0x7fff, 15, &hd) == shm, 1);
		is(msgctl(msg & 0x7fff, 13, &md) == msg, 1);
		fails(semget(0x9e3301, 1, 0400), EACCES);
		is(semget(0x9e3301, 1, 0) == sem, 1);
		fails(semget(0x9e3301, 3, 0400), EINVAL);
	});
	CHILD({
		become(100);
		ok(semctl(sem, 0, IPC_RMID));
		ok(shmctl(shm, IPC_RMID, NULL));
		ok(msgctl(msg, IPC_RMID, NULL));
	});
	fails(semget(0x9e3301, 1, 0), ENOENT);
}
