#include "test.h"
#include <dirent.h>

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

TEST("getdents64, readdir, seekdir: all entries once, types, small buffers, positions")
{
	char name[32], buffer[4096];
	need(mkdir("d", 0755));
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "d/file-%03d", i);
		put_file(name, "");
	}
	need(mkdir("d/sub", 0755));
	need(symlink("x", "d/link"));
	need(mkfifo("d/fifo", 0644));
	struct dirent **list;
	int n = scandir("d", &list, NULL, by_name);
	is(n, 205);
	for (int i = 0; i < n; i++)
		if (list[i]->d_type != DT_REG)
			printf("%s type %d\n", list[i]->d_name, list[i]->d_type);
	text_is(list[4]->d_name, "file-001");
	/* With a small buffer every entry comes once, too. */
	int fd = (int)need(open("d", O_RDONLY | O_DIRECTORY)), total = 0;
	long got;
	while ((got = syscall(SYS_getdents64, fd, buffer, 100)) > 0)
		for (long at = 0; at < got; at += ((struct entry *)(buffer + at))->reclen)
			total++;
	is(got, 0);
	is(total, 205);
	is(syscall(SYS_getdents64, fd, buffer, sizeof buffer), 0);
	is(lseek(fd, 0, SEEK_SET), 0);
	holds(syscall(SYS_getdents64, fd, buffer, sizeof buffer) > 0);
	text_is(((struct entry *)buffer)->name, ".");
	need(lseek(fd, 0, SEEK_SET));
	fails(syscall(SYS_getdents64, fd, buffer, 10), EINVAL);
	fails(syscall(SYS_getdents64, fd, (void *)8, 4096), EFAULT);
	int file = (int)need(open("d/file-000", O_RDONLY));
	fails(syscall(SYS_getdents64, file, buffer, sizeof buffer), ENOTDIR);
	fails(syscall(SYS_getdents64, -1, buffer, sizeof buffer), EBADF);
	/* telldir and seekdir give the same rest again. */
	DIR *dir = opendir("d");
	for (int i = 0; i < 100; i++)
		readdir(dir);
	long place = telldir(dir);
	strcpy(name, readdir(dir)->d_name);
	for (int i = 0; i < 50; i++)
		readdir(dir);
	seekdir(dir, place);
	is(strcmp(name, readdir(dir)->d_name), 0);
	rewinddir(dir);
	text_is(readdir(dir)->d_name, ".");
	text_is(readdir(dir)->d_name, "..");
	closedir(dir);
	/* A removed directory is empty. */
	int gone = (int)need(open("d/sub", O_RDONLY));
	need(rmdir("d/sub"));
	got = syscall(SYS_getdents64, gone, buffer, sizeof buffer);
	holds(got == 0 || got == -1);
}
