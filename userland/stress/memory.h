/* Storms of memory: mappings come, go, move and change owners under threads and processes. */
#ifndef EXO_STORM_MEMORY_H
#define EXO_STORM_MEMORY_H

#include "board.h"

/* ---- map: threads of one process map, protect and unmap while the others touch their own ---- */

static void *mapper(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg * 77 + 5;
	while (going()) {
		size_t pages = 1 + random_below(&seed, 80);
		unsigned char *at =
			mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(at != MAP_FAILED);
		for (size_t page = 0; page < pages; page++) {
			CHECK(at[page * PAGE] == 0 && at[page * PAGE + PAGE - 1] == 0);
			at[page * PAGE] = (unsigned char)(page + 1);
			at[page * PAGE + PAGE - 1] = (unsigned char)(uintptr_t)arg;
		}
		CHECK(mprotect(at, pages * PAGE, PROT_READ) == 0);
		for (size_t page = 0; page < pages; page++)
			CHECK(at[page * PAGE] == (unsigned char)(page + 1) &&
			      at[page * PAGE + PAGE - 1] == (unsigned char)(uintptr_t)arg);
		size_t half = pages / 2;
		if (half && random_below(&seed, 2)) {
			unsigned char *moved = mremap(at, half * PAGE, 2 * half * PAGE, MREMAP_MAYMOVE);
			CHECK(moved != MAP_FAILED && moved[0] == 1);
			CHECK(munmap(moved, 2 * half * PAGE) == 0);
			CHECK(munmap(at + half * PAGE, (pages - half) * PAGE) == 0);
		} else {
			CHECK(mprotect(at, pages * PAGE, PROT_READ | PROT_WRITE) == 0);
			CHECK(madvise(at, pages * PAGE, MADV_DONTNEED) == 0);
			CHECK(at[0] == 0);
			CHECK(munmap(at, pages * PAGE) == 0);
		}
		if (random_below(&seed, 16) == 0) {
			pid_t pid = fork();
			CHECK(pid >= 0);
			if (pid == 0)
				_exit(0);
			wait_for(pid, 0);
		}
	}
	return NULL;
}

static void map_storm(void)
{
	pthread_t threads[4];
	for (uintptr_t i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, mapper, (void *)(i + 1)) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

/* ---- shoot: a page goes to another owner; a CPU with an old translation would write to it ---- */

static unsigned long *volatile target;
static int writing;

static void *shooter(void *arg)
{
	sigset_t none;
	sigemptyset(&none);
	while (!stopped()) {
		unsigned long *place = target;
		if (place) {
			__atomic_store_n(&writing, 1, __ATOMIC_SEQ_CST);
			if (place == target)
				for (int i = 0; i < 50; i++)
					__atomic_store_n(place, 0xbad, __ATOMIC_RELAXED);
			__atomic_store_n(&writing, 0, __ATOMIC_SEQ_CST);
		}
	}
	return NULL;
}

static void shoot_storm(void)
{
	pthread_t thread;
	CHECK(pthread_create(&thread, NULL, shooter, NULL) == 0);
	unsigned long *check = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(check != MAP_FAILED);
	while (going()) {
		unsigned long *place = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(place != MAP_FAILED);
		target = place;
		for (int i = 0; i < 1000 && __atomic_load_n(place, __ATOMIC_RELAXED) == 0 && !stopped(); i++)
			sched_yield();
		/* In place of the page comes a fresh one: the writer goes on in that, not in the frame that is free. */
		CHECK(mmap(place, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == place);
		for (int page = 0; page < 8; page++)
			CHECK(check[page * 512] == 0);
		for (int page = 0; page < 8; page++)
			check[page * 512] = 1;
		for (int page = 0; page < 8; page++)
			CHECK(check[page * 512] == 1);
		CHECK(madvise(check, 8 * PAGE, MADV_DONTNEED) == 0);
		target = NULL;
		while (__atomic_load_n(&writing, __ATOMIC_SEQ_CST))
			sched_yield();
		CHECK(munmap(place, PAGE) == 0);
	}
	CHECK(pthread_join(thread, NULL) == 0);
}

/* ---- cut: a file is cut short and grows again under those who have it mapped ---- */

static __thread sigjmp_buf behind;

static void on_bus_error(int sig)
{
	siglongjmp(behind, 1);
}

static void cut_storm(void)
{
	enum { PAGES = 16 };
	struct sigaction action = {.sa_handler = on_bus_error};
	CHECK(sigaction(SIGBUS, &action, NULL) == 0);
	int file = memfd_create("cut", MFD_CLOEXEC);
	CHECK(file >= 0 && ftruncate(file, PAGES * PAGE) == 0);
	volatile unsigned *shared = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	CHECK(shared != MAP_FAILED);
	pid_t pids[2];
	for (unsigned child = 0; child < 2; child++) {
		pids[child] = fork();
		CHECK(pids[child] >= 0);
		if (pids[child] == 0) {
			volatile unsigned seed = child + 1;
			while (!stopped()) {
				unsigned next = seed, page = random_below(&next, PAGES);
				seed = next;
				if (sigsetjmp(behind, 1))
					continue;
				unsigned value = shared[page * 1024];
				CHECK(value == 0 || value == page + 1);
				shared[page * 1024] = page + 1;
			}
			_exit(0);
		}
	}
	unsigned seed = 4;
	while (going()) {
		CHECK(ftruncate(file, (off_t)random_below(&seed, PAGES * PAGE)) == 0);
		unsigned page = random_below(&seed, PAGES), value = 0;
		ssize_t got = pread(file, &value, sizeof value, (off_t)page * PAGE);
		CHECK(got >= 0 && (got < (ssize_t)sizeof value || value == 0 || value == page + 1));
		CHECK(ftruncate(file, PAGES * PAGE) == 0);
		void *own = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
		CHECK(own != MAP_FAILED);
		((volatile unsigned *)own)[page * 1024] = 7;
		CHECK(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)page * PAGE, PAGE) == 0);
		CHECK(((volatile unsigned *)own)[page * 1024] == 7);
		CHECK(munmap(own, PAGES * PAGE) == 0);
	}
	for (int child = 0; child < 2; child++)
		wait_for(pids[child], 0);
	close(file);
	munmap((void *)shared, PAGES * PAGE);
}

#endif
