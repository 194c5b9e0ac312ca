#include "hostile.h"

enum { ROUNDS = 400 };
static char *shared;

/* Threads that change what a system call is looking at. */
static void *flip_mapping(void *arg)
{
	volatile int *stop = arg;
	while (!*stop) {
		mprotect(shared, 4096, PROT_NONE);
		mprotect(shared, 4096, PROT_READ | PROT_WRITE);
		madvise(shared, 4096, MADV_DONTNEED);
	}
	return NULL;
}
static void *flip_files(void *arg)
{
	volatile int *stop = arg;
	while (!*stop) {
		int fd = open("f", O_RDWR);
		dup2(fd, 100);
		close(fd);
		close(100);
	}
	return NULL;
}
static void *flip_names(void *arg)
{
	volatile int *stop = arg;
	while (!*stop) {
		rename("a", "b");
		rename("b", "a");
		unlink("l");
		symlink("a", "l");
	}
	return NULL;
}

TEST("threads that pull mappings, descriptors and names away under system calls")
{
	volatile int stop = 0;
	pthread_t threads[3];
	char buffer[256];
	shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	put_file("f", "content");
	need(mkdir("a", 0755));
	put_file("a/x", "x");
	int zero = (int)need(open("/dev/zero", O_RDONLY)), strange = 0;
	need(-pthread_create(&threads[0], NULL, flip_mapping, (void *)&stop));
	need(-pthread_create(&threads[1], NULL, flip_files, (void *)&stop));
	need(-pthread_create(&threads[2], NULL, flip_names, (void *)&stop));
	for (int i = 0; i < ROUNDS; i++) {
		struct stat st;
		ssize_t n = read(zero, shared, 8192);
		strange += n < 0 && errno != EFAULT;
		n = read(100, buffer, sizeof buffer);
		strange += n < 0 && errno != EBADF;
		strange += stat("a/x", &st) < 0 && errno != ENOENT;
		strange += stat("l/x", &st) < 0 && errno != ENOENT;
		strange += fstat(100, &st) < 0 && errno != EBADF;
		if (i % 50 == 0) {
			pid_t pid = fork();
			if (pid == 0)
				_exit(0);
			waitpid(pid, NULL, 0);
		}
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	is(strange, 0);
	still_alive();
}
