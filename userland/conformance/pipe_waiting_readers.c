#include "test.h"
#include <pthread.h>
#include <sys/mman.h>
#include "unix.h"

enum { SIZE = 40000 };
static unsigned char pattern[1 << 20], in[1 << 20];

static int matches(const void *got, size_t from, size_t n)
{
	return !memcmp(got, pattern + from, n);
}

/* Threads that fork while bytes arrive: the reader's memory is its own all the time. */
static volatile int stop;
static void *forker(void *arg)
{
	while (!stop) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	return arg;
}

/* A buffer that can only be written to in part. */
static void half(int r, int w)
{
	pid_t pid;
	SPAWN(pid, {
		unsigned char *half = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		need(mprotect(half + 4096, 4096, PROT_READ));
		is(read(r, half, 3 * 4096), 4096);
		is(matches(half, 0, 4096), 1);
		fails(read(r, half + 4096, 4096), EFAULT);
		is(read(r, in, 4096), 4096);
		is(matches(in, 4096, 4096), 1);
	});
	holds(await_state(pid, 'S'));
	is(write(w, pattern, 8192), 8192);
	ends(pid, "exit 0");
}

static void waiting(int r, int w)
{
	pid_t pid;
	/* Into a large buffer that is not aligned, more than it takes, less than it takes. */
	SPAWN(pid, {
		is(read(r, in + 123, SIZE), SIZE);
		is(matches(in + 123, 0, SIZE), 1);
		is(read(r, in, SIZE), 1000);
		is(matches(in, SIZE, 1000), 1);
		size_t n = (size_t)read(r, in, sizeof in);
		is(matches(in, 0, n), 1);
		is(n, 2000);
	});
	holds(await_state(pid, 'S'));
	is(write(w, pattern, SIZE + 1000), SIZE + 1000);
	holds(await_state(pid, 'S'));
	is(write(w, pattern, 2000), 2000);
	ends(pid, "exit 0");
	/* Small bytes for a large buffer. */
	SPAWN(pid, is(read(r, in, SIZE), 3));
	holds(await_state(pid, 'S'));
	is(write(w, "abc", 3), 3);
	ends(pid, "exit 0");
	/* Memory that is not there yet, and that of a file. */
	SPAWN(pid, {
		unsigned char *fresh = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		is(read(r, fresh, SIZE), SIZE);
		is(matches(fresh, 0, SIZE), 1);
	});
	holds(await_state(pid, 'S'));
	is(write(w, pattern, SIZE), SIZE);
	ends(pid, "exit 0");
	int file = (int)need(open("mapped", O_RDWR | O_CREAT, 0644));
	need(ftruncate(file, SIZE));
	SPAWN(pid, {
		unsigned char *shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
		is(read(r, shared, SIZE), SIZE);
	});
	holds(await_state(pid, 'S'));
	is(write(w, pattern, SIZE), SIZE);
	ends(pid, "exit 0");
	is(pread(file, in, SIZE, 0), SIZE);
	is(matches(in, 0, SIZE), 1);
	close(file);
	/* A buffer that its process has just copied. */
	SPAWN(pid, {
		memset(in, 7, SIZE);
		pid_t child = start_child();
		if (child == 0) {
			sleep_ms(30);
			int same = 1;
			for (int i = 0; i < SIZE; i++)
				same &= in[i] == 7;
			_exit(!same);
		}
		is(read(r, in, SIZE), SIZE);
		is(matches(in, 0, SIZE), 1);
		ends(child, "exit 0");
	});
	holds(await_state(pid, 'S'));
	is(write(w, pattern, SIZE), SIZE);
	ends(pid, "exit 0");
	/* The source ends early. */
	unsigned char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(edge, pattern, 4096);
	need(munmap(edge + 4096, 4096));
	SPAWN(pid, {
		long n = read(r, in, SIZE);
		is(n > 0 && n <= 4096 && matches(in, 0, (size_t)n), 1);
		while (n < 4096)
			n += need(read(r, in, SIZE));
		is(n, 4096);
	});
	holds(await_state(pid, 'S'));
	is(write(w, edge, 4096), 4096);
	ends(pid, "exit 0");
	/* Killed, and interrupted, while it waits: the next one gets it all. */
	SPAWN(pid, read(r, in, SIZE));
	holds(await_state(pid, 'S'));
	need(kill(pid, SIGKILL));
	ends(pid, "signal SIGKILL");
	is(write(w, pattern, SIZE), SIZE);
	size_t got = 0;
	while (got < SIZE)
		got += (size_t)need(read(r, in + got, SIZE));
	is(matches(in, 0, SIZE), 1);
	/* Forks all the time. */
	SPAWN(pid, {
		pthread_t thread;
		need(-pthread_create(&thread, NULL, forker, NULL));
		int wrong = 0;
		for (int round = 0; round < 20; round++) {
			size_t at = 0;
			memset(in, round, SIZE);
			while (at < SIZE) {
				ssize_t n = read(r, in + at, SIZE - at);
				if (n < 0 && errno == EINTR)
					continue;
				at += (size_t)need(n);
			}
			wrong += !matches(in, 0, SIZE);
		}
		stop = 1;
		pthread_join(thread, NULL);
		is(wrong, 0);
	});
	for (int round = 0; round < 20; round++) {
		need(write(w, pattern, SIZE));
		sched_yield();
	}
	ends(pid, "exit 0");
}

TEST("readers that wait with large buffers: every byte arrives, once, where it belongs")
{
	int p[2];
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (unsigned char)(i * 13 + i / 251);
	need(pipe(p));
	half(p[0], p[1]);
	waiting(p[0], p[1]);
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	waiting(p[0], p[1]);
}
