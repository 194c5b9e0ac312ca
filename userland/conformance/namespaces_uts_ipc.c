#include "test.h"
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/utsname.h>

enum { KEY = 0x2a3e01 };

static const char *host(void)
{
	static struct utsname names;
	uname(&names);
	return names.nodename;
}
static int in_own(void *arg)
{
	(void)arg;
	if (sethostname("inner", 5) || strcmp(host(), "inner"))
		_exit(1);
	if (semget(KEY, 1, 0600) != -1 || errno != ENOENT)
		_exit(2);
	_exit(semget(KEY, 1, IPC_CREAT | 0600) < 0 ? 3 : 0);
}

TEST("namespaces of host names and of System V IPC: unshare, clone, inheritance")
{
	char before[65];
	int sem, shm;
	strcpy(before, host());
	need(sem = semget(KEY, 1, IPC_CREAT | 0600));
	need(shm = shmget(KEY, 4096, IPC_CREAT | 0600));
	char *at = shmat(shm, NULL, 0);
	strcpy(at, "outer");
	CHILD({
		ok(unshare(CLONE_NEWUTS));
		holds(!strcmp(host(), before));
		ok(sethostname("other", 5));
		text_is(host(), "other");
		text_is(get_file("/proc/sys/kernel/hostname"), "other\n");
		CHILD(text_is(host(), "other"); ok(sethostname("third", 5)));
		text_is(host(), "third");
		is(semget(KEY, 1, 0600) == sem, 1);
	});
	holds(!strcmp(host(), before));
	CHILD({
		struct sembuf up = {0, 1, SEM_UNDO};
		ok(semop(sem, &up, 1));
		ok(unshare(CLONE_NEWIPC));
		fails(semget(KEY, 1, 0600), ENOENT);
		fails(semctl(sem, 0, GETVAL), EINVAL);
		/* What is mapped stays so, and can be unmapped. */
		text_is(at, "outer");
		ok(shmdt(at));
		int own = -1;
		ok(own = shmget(KEY, 100, IPC_CREAT | IPC_EXCL | 0600));
		is(own, 0);
		char *mine = shmat(own, NULL, 0);
		strcpy(mine, "inner");
		ok(shmctl(own, IPC_RMID, NULL));
		text_is(mine, "inner");
		ok(semget(KEY, 1, IPC_CREAT | 0600));
		ok(msgget(KEY, IPC_CREAT | 0600));
		/* Left behind, they go with the namespace. */
	});
	is(semctl(sem, 0, GETVAL), 0);
	text_is(at, "outer");
	static char stack[65536];
	int status = -1;
	int pid = clone(in_own, stack + sizeof stack, CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD, NULL);
	holds(pid > 0);
	waitpid(pid, &status, 0);
	is(status, 0);
	holds(!strcmp(host(), before));
	fails(clone(in_own, stack + sizeof stack, CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD, NULL), EINVAL);
	CHILD({
		become(100);
		fails(unshare(CLONE_NEWUTS), EPERM);
		fails(unshare(CLONE_NEWIPC), EPERM);
		fails(clone(in_own, stack + sizeof stack, CLONE_NEWUTS | SIGCHLD, NULL), EPERM);
	});
	fails(unshare(1), EINVAL);

	/* Into those of another process, by its files and by a descriptor of it. */
	struct gate ready = new_gate(), done = new_gate();
	SPAWN(pid, {
		need(unshare(CLONE_NEWUTS | CLONE_NEWIPC));
		need(sethostname("joined", 6));
		need(semget(KEY, 5, IPC_CREAT | 0600));
		pass_gate(ready);
		wait_gate(done);
	});
	wait_gate(ready);
	char path[64], theirs[64] = "", ours[64] = "";
	snprintf(path, sizeof path, "/proc/%d/ns/uts", pid);
	need(readlink(path, theirs, sizeof theirs - 1));
	need(readlink("/proc/self/ns/uts", ours, sizeof ours - 1));
	holds(strcmp(theirs, ours) != 0 && !strncmp(theirs, "uts:[", 5) && !strncmp(ours, "uts:[", 5));
	text_is(ours, "uts:[4026531838]");
	int fd = -1;
	ok(fd = open(path, O_RDONLY));
	struct stat st;
	ok(fstat(fd, &st));
	is(st.st_mode, S_IFREG | 0444);
	is(st.st_ino == (ino_t)atol(theirs + 5), 1);
	char byte;
	fails(read(fd, &byte, 1), EINVAL);
	CHILD({
		fails(setns(fd, CLONE_NEWIPC), EINVAL);
		ok(setns(fd, CLONE_NEWUTS));
		text_is(host(), "joined");
		is(semget(KEY, 1, 0600) == sem, 1);
		int all = (int)syscall(SYS_pidfd_open, pid, 0);
		fails(setns(all, 0), EINVAL);
		ok(setns(all, CLONE_NEWIPC | CLONE_NEWUTS));
		holds(semget(KEY, 5, 0600) >= 0);
		become(100);
		fails(setns(fd, 0), EPERM);
	});
	fails(setns(-1, 0), EBADF);
	fails(setns(0, 0), EINVAL);
	pass_gate(done);
	ends(pid, "exit 0");
	holds(!strcmp(host(), before));
	/* The file alone keeps a namespace. */
	CHILD(ok(setns(fd, 0)); text_is(host(), "joined"));
	close(fd);
	shmdt(at);
	ok(shmctl(shm, IPC_RMID, NULL));
	ok(semctl(sem, 0, IPC_RMID));
}
