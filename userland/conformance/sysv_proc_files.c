#include "test.h"
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static const char *const kinds[] = {"msg", "sem", "shm"};

/* Prints the head and the line with our key, with times and ids told apart from zero only. */
static void show(const char *kind, int id)
{
	char path[64], line[512];
	snprintf(path, sizeof path, "/proc/sysvipc/%s", kind);
	FILE *file = fopen(path, "r");
	holds(file != NULL);
	for (int i = 0; fgets(line, sizeof line, file); i++) {
		if (i == 0) {
			printf("%s", line);
			continue;
		}
		int key, number, field = 0;
		if (sscanf(line, "%d %d", &key, &number) != 2 || number != id)
			continue;
		is(key, 0x77aa01);
		printf("%zu columns:", strlen(line));
		for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"), field++) {
			long value = atol(word);
			printf(" %s", field < 2 ? "=" : value == getpid() ? "pid" : value > 1000000000 ? "time" : word);
		}
		printf("\n");
	}
	fclose(file);
}

static void setting(const char *name, const char *text)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/sys/kernel/%s", name);
	text_is(get_file(path), text);
}

static int set(const char *name, const char *text)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/sys/kernel/%s", name);
	int fd = open(path, O_WRONLY);
	if (fd < 0)
		return -1;
	int result = (int)write(fd, text, strlen(text)), error = errno;
	close(fd);
	errno = error;
	return result;
}

TEST("/proc/sysvipc and the limits in /proc/sys/kernel")
{
	int id[3];
	struct {
		long type;
		char text[100];
	} m = {1, "hello"};
	need(id[0] = msgget(0x77aa01, IPC_CREAT | 0644));
	need(id[1] = semget(0x77aa01, 7, IPC_CREAT | 0600));
	need(id[2] = shmget(0x77aa01, 5000, IPC_CREAT | 0660));
	need(msgsnd(id[0], &m, 5, 0));
	need(msgsnd(id[0], &m, 100, 0));
	char *at = shmat(id[2], NULL, 0);
	at[0] = 1;
	for (int i = 0; i < 3; i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/sysvipc/%s", kinds[i]);
		is(mode_of(path), S_IFREG | 0444);
		show(kinds[i], id[i]);
	}
	shmdt(at);

	setting("sem", "32000\t1024000000\t500\t32000\n");
	setting("shmmax", "18446744073692774399\n");
	setting("shmall", "18446744073692774399\n");
	setting("shmmni", "4096\n");
	setting("msgmax", "8192\n");
	setting("msgmnb", "16384\n");
	setting("msgmni", "32000\n");
	/* They are heeded: more of a kind than there are, longer messages, larger sets. */
	ok(set("msgmax", "4"));
	fails(msgsnd(id[0], &m, 5, 0), EINVAL);
	ok(msgsnd(id[0], &m, 4, 0));
	ok(set("msgmax", "8192"));
	ok(set("msgmni", "1"));
	fails(msgget(IPC_PRIVATE, 0600), ENOSPC);
	ok(set("msgmni", "32000"));
	ok(set("sem", "6 7 2 32000"));
	setting("sem", "6\t7\t2\t32000\n");
	fails(semget(IPC_PRIVATE, 7, 0600), EINVAL);
	fails(semget(IPC_PRIVATE, 1, 0600), ENOSPC);
	struct sembuf three[] = {{0, 1, 0}, {0, 1, 0}, {0, 1, 0}};
	fails(semop(id[1], three, 3), E2BIG);
	ok(semop(id[1], three, 2));
	ok(set("sem", "32000 1024000000 500 32000"));
	ok(set("shmmax", "4096"));
	fails(shmget(IPC_PRIVATE, 4097, 0600), EINVAL);
	ok(set("shmmax", "18446744073692774399"));
	ok(set("shmall", "2"));
	fails(shmget(IPC_PRIVATE, 4096, 0600), ENOSPC);
	ok(set("shmall", "18446744073692774399"));
	ok(set("shmmni", "1"));
	fails(shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
	ok(set("shmmni", "4096"));
	fails(set("shmmni", "32769"), EINVAL);
	fails(set("msgmax", "2147483648"), EINVAL);
	setting("shmmni", "4096\n");
	CHILD(become(100); fails(set("msgmax", "1"), EACCES));
	ok(msgctl(id[0], IPC_RMID, NULL));
	ok(semctl(id[1], 0, IPC_RMID));
	ok(shmctl(id[2], IPC_RMID, NULL));
}
