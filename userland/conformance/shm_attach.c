#include "test.h"
#include <sys/shm.h>

static int faults(volatile char *at, int store)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		if (store)
			*at = 1;
		else
			(void)*at;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST("shmget, shmat, shmdt: sizes, addresses, protections, partial unmapping")
{
	int id = -1;
	char *a = NULL, *b = NULL;
	fails(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
	fails(shmget(0x5ba301, 4096, 0600), ENOENT);
	ok(id = shmget(0x5ba301, 3 * 4096 - 100, IPC_CREAT | IPC_EXCL | 0600));
	fails(shmget(0x5ba301, 4096, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	is(shmget(0x5ba301, 3 * 4096 - 100, 0600) == id, 1);
	is(shmget(0x5ba301, 0, 0) == id, 1);
	fails(shmget(0x5ba301, 3 * 4096, 0600), EINVAL);

	holds((a = shmat(id, NULL, 0)) != (void *)-1);
	is((uintptr_t)a % 4096, 0);
	is(a[0] + a[3 * 4096 - 1], 0);
	strcpy(a, "shared");
	holds((b = shmat(id, NULL, SHM_RDONLY)) != (void *)-1);
	holds(b != a);
	text_is(b, "shared");
	is(faults(b, 1), SIGSEGV);
	is(faults(b, 0), 0);
	fails(mprotect(b, 4096, PROT_READ | PROT_WRITE), EACCES);
	ok(mprotect(a, 4096, PROT_READ));
	is(faults(a, 1), SIGSEGV);
	ok(mprotect(a, 4096, PROT_READ | PROT_WRITE));
	ok(shmdt(b));
	is(faults(b, 0), SIGSEGV);
	fails(shmdt(b), EINVAL);
	fails(shmdt(a + 1), EINVAL);
	fails(shmdt(a + 4096), EINVAL);
	fails(shmdt(&id), EINVAL);

	/* A given address: exactly there, rounded, on top of what is there. */
	fails((long)shmat(id, a + 1, 0), EINVAL);
	fails((long)shmat(id, a, 0), EINVAL);
	fails((long)shmat(id, a - 4096, 0), EINVAL);
	fails((long)shmat(id, NULL, SHM_REMAP), EINVAL);
	fails((long)shmat(id, (void *)100, SHM_RND | SHM_REMAP), EINVAL);
	char *room = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(room + 4096, "private");
	fails((long)shmat(id, room + 4096, 0), EINVAL);
	is(shmat(id, room + 4096, SHM_REMAP) == room + 4096, 1);
	text_is(room + 4096, "shared");
	ok(shmdt(room + 4096));
	is(faults(room + 4096, 0), SIGSEGV);
	is(shmat(id, room + 4096 + 77, SHM_RND) == room + 4096, 1);
	strcpy(room + 4096, "again");
	text_is(a, "again");

	/* Parts: what is left goes with one shmdt, wherever it begins. */
	ok(munmap(room + 2 * 4096, 4096));
	is(faults(room + 2 * 4096, 0), SIGSEGV);
	is(room[3 * 4096], 0);
	ok(shmdt(room + 4096));
	is(faults(room + 4096, 0), SIGSEGV);
	is(faults(room + 3 * 4096, 0), SIGSEGV);
	is(shmat(id, room + 4096, 0) == room + 4096, 1);
	ok(munmap(room + 4096, 4096));
	ok(shmdt(room + 4096));
	is(faults(room + 3 * 4096, 0), SIGSEGV);
	fails(shmdt(room + 4096), EINVAL);

	/* Moved elsewhere it is not found where it was, but where it is. */
	holds((b = shmat(id, room + 4096, 0)) == room + 4096);
	char *moved = mremap(b, 3 * 4096, 3 * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, room + 8 * 4096);
	is(moved == room + 8 * 4096, 1);
	text_is(moved, "again");
	fails(shmdt(b), EINVAL);
	ok(shmdt(moved));

	holds((b = shmat(id, NULL, SHM_EXEC)) != (void *)-1);
	b[100] = (char)0xc3;
	((void (*)(void))(uintptr_t)(b + 100))();
	ok(shmdt(b));
	fails((long)shmat(-1, NULL, 0), EINVAL);
	fails((long)shmat(12345678, NULL, 0), EINVAL);
	ok(shmdt(a));
	ok(shmctl(id, IPC_RMID, NULL));
	fails((long)shmat(id, NULL, 0), EINVAL);
	munmap(room, 16 * 4096);
}
