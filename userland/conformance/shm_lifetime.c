#include "test.h"
#include <sys/shm.h>

static int id;

static int attached(void)
{
	struct shmid_ds ds;
	return shmctl(id, IPC_STAT, &ds) < 0 ? -1 : (int)ds.shm_nattch;
}

static struct shmid_ds stat_of(void)
{
	struct shmid_ds ds = {0};
	shmctl(id, IPC_STAT, &ds);
	return ds;
}

/* The line of /proc/self/maps for an address, from its protection on, without the inode. */
static const char *map_line(const void *at)
{
	static char line[256];
	char prot[8], name[128];
	unsigned long from, to, offset, inode, major, minor;
	FILE *maps = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof line, maps)) {
		name[0] = 0;
		sscanf(line, "%lx-%lx %7s %lx %lx:%lx %lu %127[^\n]", &from, &to, prot, &offset, &major, &minor, &inode, name);
		if (from == (unsigned long)at) {
			fclose(maps);
			snprintf(line, sizeof line, "%lx %s %lx %lx:%lx %s %s", to - from, prot, offset, major, minor,
				 inode == (unsigned long)id ? "id" : "?", name);
			return line;
		}
	}
	fclose(maps);
	return "";
}

TEST("shared memory: attachments over fork, exec and exit, removal, what IPC_STAT tells")
{
	pid_t pid;
	time_t before = time(NULL);
	need(id = shmget(0x5ba302, 4 * 4096, IPC_CREAT | 0606));
	struct shmid_ds ds = stat_of();
	is(ds.shm_segsz, 4 * 4096);
	is(ds.shm_perm.mode, 0606);
	is(ds.shm_cpid == getpid(), 1);
	is(ds.shm_lpid, 0);
	is(ds.shm_atime + ds.shm_dtime, 0);
	holds(ds.shm_ctime >= before);
	is(attached(), 0);
	char *a = shmat(id, NULL, 0);
	is(attached(), 1);
	holds(stat_of().shm_atime >= before && stat_of().shm_lpid == getpid());
	text_is(map_line(a), "4000 rw-s 0 0:1 id /SYSV005ba302 (deleted)");
	char *b = shmat(id, NULL, SHM_RDONLY);
	is(attached(), 2);
	text_is(map_line(b), "4000 r--s 0 0:1 id /SYSV005ba302 (deleted)");
	struct gate g = new_gate(), h = new_gate();
	SPAWN(pid, {
		is(attached(), 4);
		strcpy(a, "from the child");
		pass_gate(g);
		wait_gate(h);
	});
	wait_gate(g);
	is(attached(), 4);
	text_is(b, "from the child");
	pass_gate(h);
	ends(pid, "exit 0");
	is(attached(), 2);
	is(stat_of().shm_lpid == pid, 1);
	holds(stat_of().shm_dtime >= before);
	SPAWN(pid, execl("/bin/sh", "sh", "-c", "exit 3", NULL));
	ends(pid, "exit 3");
	is(attached(), 2);
	/* Each part counts. */
	ok(munmap(a + 4096, 4096));
	is(attached(), 3);
	ok(mprotect(b, 4096, PROT_NONE));
	is(attached(), 4);
	/* Parts of a segment do not grow together again. */
	ok(mprotect(b, 4096, PROT_READ));
	is(attached(), 4);
	ok(shmdt(b));
	is(attached(), 2);
	text_is(map_line(a + 2 * 4096), "2000 rw-s 2000 0:1 id /SYSV005ba302 (deleted)");

	/* Removed, it has no key any more and stays until nobody has it. */
	ok(shmctl(id, IPC_RMID, NULL));
	is(attached(), 2);
	is(stat_of().shm_perm.mode, 01606);
	is(stat_of().shm_perm.__key, IPC_PRIVATE);
	fails(shmget(0x5ba302, 1, 0), ENOENT);
	text_is(a, "from the child");
	b = shmat(id, NULL, 0);
	holds(b != (void *)-1);
	text_is(b, "from the child");
	ok(shmctl(id, IPC_RMID, NULL));
	ok(shmdt(b));
	text_is(map_line(a), "1000 rw-s 0 0:1 id /SYSV005ba302 (deleted)");
	SPAWN(pid, {
		is(attached(), 4);
		ok(shmdt(a));
		is(attached(), 2);
	});
	ends(pid, "exit 0");
	ok(munmap(a, 4096));
	is(attached(), 1);
	ok(munmap(a + 2 * 4096, 2 * 4096));
	is(attached(), -1);
	fails(shmctl(id, IPC_STAT, &ds), EINVAL);

	/* A child's death detaches. */
	need(id = shmget(IPC_PRIVATE, 10, 0600));
	g = new_gate();
	SPAWN(pid, {
		shmat(id, NULL, 0);
		pass_gate(g);
		pause();
	});
	wait_gate(g);
	is(attached(), 1);
	ok(shmctl(id, IPC_RMID, NULL));
	is(attached(), 1);
	kill(pid, SIGKILL);
	ends(pid, "signal SIGKILL");
	is(attached(), -1);
}
