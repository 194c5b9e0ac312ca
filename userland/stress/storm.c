/*
 * Storms on all CPUs at once, for a number of seconds: fork and exec, mmap and munmap under threads, futexes, pipes,
 * signals, threads that come and go, moves between CPUs. Each storm checks what it gets back; the parent watches that
 * every one gets on.
 *
 *   storm [SECONDS [STORM...]]
 *
 * Ends with 0 if all went well; says what did not otherwise.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, STALL_SECONDS = 60 };

/* Shared with all children: how far each storm is, and the end. */
struct board {
	int stop;
	struct {
		unsigned long rounds;
		char padding[56];
	} storm[32];
};
static struct board *board;
static unsigned long *rounds;
static char *self;

static void die(const char *what)
{
	fprintf(stderr, "storm: %s: %s (pid %d)\n", what, strerror(errno), getpid());
	_exit(1);
}

#define CHECK(condition)            \
	do {                        \
		if (!(condition))   \
			die(#condition); \
	} while (0)

static int going(void)
{
	__atomic_add_fetch(rounds, 1, __ATOMIC_RELAXED);
	return !__atomic_load_n(&board->stop, __ATOMIC_RELAXED);
}

static int stopped(void)
{
	return __atomic_load_n(&board->stop, __ATOMIC_RELAXED);
}

static unsigned random_below(unsigned *seed, unsigned limit)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % limit;
}

static void wait_for(pid_t pid, int wanted)
{
	int status;
	pid_t got;
	while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	CHECK(got == pid);
	if (status != wanted) {
		fprintf(stderr, "storm: child %d ended with %#x, not %#x\n", pid, status, wanted);
		_exit(1);
	}
}

/* ---- fork: trees of processes that write to what they share copy-on-write ---- */

static void fork_storm(void)
{
	unsigned *pages = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(pages != MAP_FAILED);
	unsigned round = 0;
	while (going()) {
		round++;
		for (int page = 0; page < 16; page++)
			pages[page * 1024] = round + (unsigned)page;
		pid_t children[3];
		for (int child = 0; child < 3; child++) {
			children[child] = fork();
			CHECK(children[child] >= 0);
			if (children[child] == 0) {
				for (int page = child; page < 16; page += 2) {
					CHECK(pages[page * 1024] == round + (unsigned)page);
					pages[page * 1024] = ~round;
				}
				pid_t grandchild = fork();
				CHECK(grandchild >= 0);
				if (grandchild == 0)
					_exit(pages[child * 1024] == ~round ? 7 : 8);
				wait_for(grandchild, 7 << 8);
				_exit(child);
			}
		}
		for (int page = 0; page < 16; page++)
			CHECK(pages[page * 1024] == round + (unsigned)page);
		for (int child = 0; child < 3; child++)
			wait_for(children[child], child << 8);
	}
}

/* ---- exec: this program, which says what it was told ---- */

static void exec_storm(void)
{
	static int round;
	while (going()) {
		int ends[2];
		char text[16], answer[32] = "";
		snprintf(text, sizeof text, "%d", ++round);
		CHECK(pipe2(ends, O_CLOEXEC) == 0);
		pid_t pid = round % 2 ? fork() : vfork();
		CHECK(pid >= 0);
		if (pid == 0) {
			dup2(ends[1], 1);
			execl(self, "storm", "echo", text, (char *)NULL);
			_exit(99);
		}
		close(ends[1]);
		size_t length = 0;
		ssize_t got;
		while ((got = read(ends[0], answer + length, sizeof answer - 1 - length)) != 0) {
			CHECK(got > 0 || errno == EINTR);
			length += got > 0 ? (size_t)got : 0;
		}
		close(ends[0]);
		wait_for(pid, 3 << 8);
		CHECK(strcmp(answer, text) == 0);
	}
}

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

/* One thread takes a page's contents away again and again; the readers see what was there or zeros, never else. */
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

/* ---- futex: a mutex, a condition and a barrier under contention, and shared words between processes ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned long tickets, served;

static void *locker(void *arg)
{
	uintptr_t number = (uintptr_t)arg;
	for (;;) {
		pthread_mutex_lock(&mutex);
		while (served % 4 != number && !stopped()) {
			struct timespec soon;
			clock_gettime(CLOCK_REALTIME, &soon);
			soon.tv_sec += 1;
			pthread_cond_timedwait(&changed, &mutex, &soon);
		}
		unsigned long before = tickets++;
		served++;
		CHECK(tickets == before + 1);
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&mutex);
		if (!going())
			return NULL;
	}
}

static void futex_storm(void)
{
	pthread_t threads[4];
	for (uintptr_t i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, locker, (void *)i) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

/* Two processes pass a word to and fro by shared futexes: a lost wake-up stops them. */
static void pass_storm(void)
{
	int *word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(word != MAP_FAILED);
	pid_t other = fork();
	CHECK(other >= 0);
	int mine = other == 0;
	for (;;) {
		int value;
		while ((value = __atomic_load_n(word, __ATOMIC_SEQ_CST)) % 2 != mine) {
			if (value < 0)
				break;
			if (syscall(SYS_futex, word, FUTEX_WAIT, value, NULL) < 0)
				CHECK(errno == EAGAIN || errno == EINTR);
		}
		if (value < 0)
			break;
		int next = mine == 0 && !going() ? -1 : (value + 1) & 0x3fffffff;
		__atomic_store_n(word, next, __ATOMIC_SEQ_CST);
		CHECK(syscall(SYS_futex, word, FUTEX_WAKE, 1) >= 0);
		if (next < 0)
			break;
	}
	if (other == 0)
		_exit(0);
	wait_for(other, 0);
}

/* ---- pipe: a ring of processes, and bytes that must come out as they went in ---- */

static void pipe_storm(void)
{
	enum { STATIONS = 4 };
	int ends[STATIONS + 1][2];
	pid_t pids[STATIONS];
	for (int i = 0; i <= STATIONS; i++)
		CHECK(pipe(ends[i]) == 0);
	for (int i = 0; i < STATIONS; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			for (int j = 0; j <= STATIONS; j++) {
				if (j != i)
					close(ends[j][0]);
				if (j != i + 1)
					close(ends[j][1]);
			}
			char buffer[3000];
			ssize_t got;
			while ((got = read(ends[i][0], buffer, sizeof buffer)) > 0)
				for (ssize_t done = 0; done < got;) {
					ssize_t put = write(ends[i + 1][1], buffer + done, (size_t)(got - done));
					CHECK(put > 0);
					done += put;
				}
			CHECK(got == 0);
			_exit(0);
		}
	}
	for (int j = 0; j <= STATIONS; j++) {
		if (j != STATIONS)
			close(ends[j][0]);
		if (j != 0)
			close(ends[j][1]);
	}
	unsigned seed = 9;
	static unsigned char sent[9000], back[9000];
	while (going()) {
		size_t length = 1 + random_below(&seed, sizeof sent);
		for (size_t i = 0; i < length; i++)
			sent[i] = (unsigned char)random_below(&seed, 256);
		CHECK(write(ends[0][1], sent, length) == (ssize_t)length);
		for (size_t done = 0; done < length;) {
			ssize_t got = read(ends[STATIONS][0], back + done, length - done);
			CHECK(got > 0);
			done += (size_t)got;
		}
		CHECK(memcmp(sent, back, length) == 0);
	}
	close(ends[0][1]);
	for (int i = 0; i < STATIONS; i++)
		wait_for(pids[i], 0);
	close(ends[STATIONS][0]);
}

/* ---- poll: sockets and event counters ---- */

static void poll_storm(void)
{
	int pair[2], counter = eventfd(0, EFD_NONBLOCK);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && counter >= 0);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		char byte;
		close(pair[0]);
		while (read(pair[1], &byte, 1) == 1) {
			uint64_t one = 1;
			CHECK(write(counter, &one, 8) == 8);
			CHECK(write(pair[1], &byte, 1) == 1);
		}
		_exit(0);
	}
	close(pair[1]);
	uint64_t counted = 0, wanted = 0;
	while (going()) {
		char byte = (char)wanted, back = 0;
		CHECK(write(pair[0], &byte, 1) == 1);
		wanted++;
		int answered = 0;
		while (!answered || counted < wanted) {
			struct pollfd fds[2] = {{pair[0], POLLIN, 0}, {counter, POLLIN, 0}};
			CHECK(poll(fds, 2, -1) > 0);
			uint64_t more;
			if (fds[1].revents & POLLIN && read(counter, &more, 8) == 8)
				counted += more;
			if (fds[0].revents & POLLIN) {
				CHECK(read(pair[0], &back, 1) == 1 && back == byte);
				answered = 1;
			}
		}
	}
	close(pair[0]);
	wait_for(child, 0);
	close(counter);
}

/* ---- signal: two processes answer each other; threads are interrupted wherever they are ---- */

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught++;
}

static void *target_thread(void *arg)
{
	volatile unsigned long work = 0;
	while (!stopped()) {
		work++;
		if (work % 5000 == 0)
			usleep(100);
		if (work % 7000 == 0)
			getppid();
	}
	return NULL;
}

static void signal_storm(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigset_t blocked, set;
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK(sigprocmask(SIG_BLOCK, &set, &blocked) == 0);
	pid_t parent = getpid(), child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		int sig;
		for (;;) {
			CHECK(sigwait(&set, &sig) == 0);
			if (kill(parent, SIGUSR2) != 0)
				_exit(0);
		}
	}
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		CHECK(pthread_create(&threads[i], NULL, target_thread, NULL) == 0);
	int sig;
	while (going()) {
		CHECK(kill(child, SIGUSR2) == 0);
		for (int i = 0; i < 2; i++)
			CHECK(pthread_kill(threads[i], SIGUSR1) == 0);
		CHECK(sigwait(&set, &sig) == 0 && sig == SIGUSR2);
	}
	CHECK(caught > 0);
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	CHECK(kill(child, SIGKILL) == 0);
	wait_for(child, SIGKILL);
	/* Killing a process whose threads run on several CPUs. */
}

/* ---- kill: processes with threads everywhere end at any moment ---- */

static void *endless(void *arg)
{
	for (volatile unsigned long i = 0;; i++)
		if (i % 4096 == 0 && arg)
			sched_yield();
	return NULL;
}

static void kill_storm(void)
{
	unsigned seed = 3;
	while (going()) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			pthread_t thread;
			for (uintptr_t i = 0; i < 3; i++)
				CHECK(pthread_create(&thread, NULL, endless, (void *)(i % 2)) == 0);
			endless(NULL);
		}
		usleep(random_below(&seed, 3000));
		CHECK(kill(pid, SIGKILL) == 0);
		wait_for(pid, SIGKILL);
	}
}

/* ---- thread: threads that come and go ---- */

static void *brief(void *arg)
{
	unsigned long *place = arg;
	*place += 1;
	return place;
}

static void thread_storm(void)
{
	while (going()) {
		pthread_t threads[6];
		unsigned long places[6] = {0};
		void *result;
		for (int i = 0; i < 6; i++)
			CHECK(pthread_create(&threads[i], NULL, brief, &places[i]) == 0);
		for (int i = 0; i < 6; i++)
			CHECK(pthread_join(threads[i], &result) == 0 && result == &places[i] && places[i] == 1);
	}
}

/* ---- file: the same names and files from several processes ---- */

static void file_storm(void)
{
	char folder[64], path[96], other[96];
	snprintf(folder, sizeof folder, "/tmp/storm-%d", getpid());
	CHECK(mkdir(folder, 0700) == 0);
	pid_t pids[3];
	for (int child = 0; child < 3; child++) {
		pids[child] = fork();
		CHECK(pids[child] >= 0);
		if (pids[child] == 0) {
			unsigned seed = (unsigned)child + 1;
			while (going()) {
				snprintf(path, sizeof path, "%s/%u", folder, random_below(&seed, 4));
				snprintf(other, sizeof other, "%s/%u", folder, random_below(&seed, 4));
				int fd = open(path, O_RDWR | O_CREAT, 0600);
				if (fd >= 0) {
					CHECK(pwrite(fd, &seed, sizeof seed, random_below(&seed, 20000)) > 0);
					CHECK(ftruncate(fd, random_below(&seed, 20000)) == 0);
					close(fd);
				}
				struct stat status;
				if (stat(other, &status) != 0)
					CHECK(errno == ENOENT);
				if (rename(path, other) != 0)
					CHECK(errno == ENOENT);
				if (unlink(other) != 0)
					CHECK(errno == ENOENT);
			}
			_exit(0);
		}
	}
	for (int child = 0; child < 3; child++)
		wait_for(pids[child], 0);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s/%d", folder, i);
		unlink(path);
	}
	CHECK(rmdir(folder) == 0);
}

/* ---- move: a thread whose registers must come along from CPU to CPU ---- */

static void move_storm(void)
{
	cpu_set_t all, set;
	CHECK(sched_getaffinity(0, sizeof all, &all) == 0);
	int cpus = CPU_COUNT(&all);
	unsigned seed = 11;
	double sum = 0, wanted = 0;
	while (going()) {
		int cpu = (int)random_below(&seed, (unsigned)cpus);
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		volatile double step = (double)random_below(&seed, 100) / 4;
		sum += step;
		CHECK(sched_setaffinity(0, sizeof set, &set) == 0);
		wanted += step;
		CHECK(sum == wanted && sched_getcpu() == cpu);
		CHECK(sched_setaffinity(0, sizeof all, &all) == 0);
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} storms[] = {
	{"fork", fork_storm}, {"exec", exec_storm}, {"map", map_storm}, {"shoot", shoot_storm},
	{"futex", futex_storm}, {"pass", pass_storm}, {"pipe", pipe_storm}, {"poll", poll_storm},
	{"signal", signal_storm}, {"kill", kill_storm}, {"thread", thread_storm}, {"file", file_storm},
	{"move", move_storm},
};
enum { STORMS = sizeof storms / sizeof storms[0] };

static int chosen(int argc, char **argv, const char *name)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return 1;
	return argc <= 2;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "echo") == 0) {
		printf("%s", argv[2]);
		fflush(stdout);
		return 3;
	}
	int seconds = argc > 1 ? atoi(argv[1]) : 60;
	static char path[256];
	CHECK(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
	self = path;
	board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(board != MAP_FAILED);
	pid_t pids[STORMS] = {0};
	int running = 0, failed = 0;
	for (int i = 0; i < STORMS; i++) {
		if (!chosen(argc, argv, storms[i].name))
			continue;
		rounds = &board->storm[i].rounds;
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			storms[i].run();
			_exit(0);
		}
		running++;
	}
	unsigned long seen[STORMS] = {0};
	int still[STORMS] = {0};
	for (int second = 0; running > 0; second++) {
		if (second >= seconds)
			__atomic_store_n(&board->stop, 1, __ATOMIC_SEQ_CST);
		for (int i = 0; i < STORMS; i++) {
			int status;
			if (pids[i] == 0)
				continue;
			if (waitpid(pids[i], &status, WNOHANG) == pids[i]) {
				if (status != 0) {
					fprintf(stderr, "storm: %s ended with %#x\n", storms[i].name, status);
					failed = 1;
					__atomic_store_n(&board->stop, 1, __ATOMIC_SEQ_CST);
				}
				pids[i] = 0;
				running--;
				continue;
			}
			unsigned long now = __atomic_load_n(&board->storm[i].rounds, __ATOMIC_RELAXED);
			still[i] = now == seen[i] ? still[i] + 1 : 0;
			seen[i] = now;
			if (still[i] == STALL_SECONDS) {
				fprintf(stderr, "storm: %s stands still at %lu\n", storms[i].name, now);
				return 1;
			}
		}
		if (running > 0)
			sleep(1);
	}
	for (int i = 0; i < STORMS; i++)
		if (board->storm[i].rounds)
			printf("%-8s %lu\n", storms[i].name, board->storm[i].rounds);
	return failed;
}
