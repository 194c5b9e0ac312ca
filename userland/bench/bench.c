/*
 * bench: what the common operations cost, in TSC ticks.
 *
 *   bench [-r ROUNDS] [ROW-PART…]
 *
 * Prints one line per row: name, best, median and worst round per operation, operations per round,
 * separated by tabs; `-` and a reason instead of the figures where the system lacks something.
 * Under `qemu -icount shift=0,sleep=off` a tick is an instruction, and runs repeat.
 *
 * Each row runs in a process of its own, so that a crash or a hang costs that row only. A round is
 * kept short (about a million ticks), so that the best of five holds no timer interrupt. The cost of
 * the timestamp itself and of the loop is measured first and taken away. System calls are made
 * directly, without the C library's conversions around them.
 *
 * As process 1 it mounts /proc, /dev and a tmpfs on /tmp, runs every row, and powers off.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, CHUNK = 65536, MAX_ROUNDS = 101, ROW_SECONDS = 60 };

static char *self;
static int rounds = 5;
static double tick_cost, loop_cost;

/* ---- plumbing ---- */

static inline uint64_t ticks(void)
{
	uint32_t low, high;
	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline long call6(long nr, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define CALL0(nr) call3(nr, 0, 0, 0)
#define CALL1(nr, a) call3(nr, (long)(a), 0, 0)
#define CALL2(nr, a, b) call3(nr, (long)(a), (long)(b), 0)
#define CALL3(nr, a, b, c) call3(nr, (long)(a), (long)(b), (long)(c))
#define CALL4(nr, a, b, c, d) call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define CALL6(nr, a, b, c, d, e, f) \
	call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static inline long call3(long nr, long a, long b, long c)
{
	long result;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

/* Ends the row: what it needs is not there. The parent prints the reason. */
static int result_pipe = -1;

static _Noreturn void unavailable(const char *what, int error)
{
	dprintf(result_pipe, "-\t%s: %s\n", what, strerror(error));
	_exit(0);
}

static int need(const char *what, long result)
{
	if (result < 0)
		unavailable(what, result == -1 ? errno : (int)-result);
	return (int)result;
}

static void one_cpu(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof set, &set);
}

/* ---- state of the rows ---- */

static int fd_a = -1, fd_b = -1, pipe_to[2], pipe_from[2], many[10][2];
static char *buffer, *area;
static struct pollfd polled[10];
static struct epoll_event event;
static pid_t partner;
static atomic_int word_to, word_from;
static pthread_t partner_thread;

static void setup_buffer(void)
{
	buffer = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer == MAP_FAILED)
		unavailable("mmap", errno);
	memset(buffer, 1, CHUNK);
}

static void setup_file(void)
{
	setup_buffer();
	fd_a = need("/tmp/f", open("/tmp/f", O_RDWR | O_CREAT | O_TRUNC, 0644));
	for (int i = 0; i < 16; i++)
		need("write /tmp/f", write(fd_a, buffer, CHUNK));
}

static void setup_zero(void)
{
	setup_buffer();
	fd_a = need("/dev/zero", open("/dev/zero", O_RDONLY));
}

static void setup_null(void)
{
	setup_buffer();
	fd_a = need("/dev/null", open("/dev/null", O_RDWR));
}

static void setup_pipe(void)
{
	setup_buffer();
	need("pipe", pipe(pipe_to));
}

/* A partner process that sends back each byte it gets. */
static void start_echo(int in, int out, int unused_in, int unused_out)
{
	partner = need("fork", fork());
	if (partner == 0) {
		char byte;
		close(unused_in);
		close(unused_out);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (CALL3(SYS_read, in, &byte, 1) == 1)
			CALL3(SYS_write, out, &byte, 1);
		_exit(0);
	}
}

static void stop_partner(void)
{
	if (partner > 0) {
		kill(partner, SIGKILL);
		waitpid(partner, NULL, 0);
	}
}

static void setup_two_processes(void)
{
	setup_buffer();
	need("pipe", pipe(pipe_to));
	need("pipe", pipe(pipe_from));
	start_echo(pipe_to[0], pipe_from[1], pipe_to[1], pipe_from[0]);
	fd_a = pipe_to[1];
	fd_b = pipe_from[0];
}

static void setup_socket(void)
{
	int pair[2];
	setup_buffer();
	need("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	start_echo(pair[1], pair[1], pair[0], -1);
	fd_a = fd_b = pair[0];
}

static void setup_pipe_sink(void)
{
	setup_buffer();
	need("pipe", pipe(pipe_to));
	need("pipe", pipe(pipe_from));
	partner = need("fork", fork());
	if (partner == 0) {
		long n, total = 0;
		close(pipe_to[1]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while ((n = CALL3(SYS_read, pipe_to[0], buffer, CHUNK)) > 0)
			if ((total += n) % (16 * CHUNK) == 0)
				CALL3(SYS_write, pipe_from[1], buffer, 1);
		_exit(0);
	}
}

static void on_signal(int sig)
{
	(void)sig;
}

static void setup_signal(void)
{
	signal(SIGUSR1, on_signal);
}

static void setup_poll(void)
{
	for (int i = 0; i < 10; i++) {
		need("pipe", pipe(many[i]));
		polled[i].fd = many[i][0];
		polled[i].events = POLLIN;
	}
	need("poll", poll(polled, 10, 0));
}

static void setup_epoll(void)
{
	setup_pipe();
	fd_a = need("epoll_create1", epoll_create1(0));
	event.events = EPOLLIN;
	need("epoll_ctl", epoll_ctl(fd_a, EPOLL_CTL_ADD, pipe_to[0], &event));
	need("write", write(pipe_to[1], "x", 1));
}

static void setup_eventfd(void)
{
	setup_buffer();
	fd_a = need("eventfd", eventfd(0, 0));
}

static void futex_wait(atomic_int *word, int value)
{
	while (atomic_load(word) == value)
		CALL4(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, 0);
}

static void futex_post(atomic_int *word)
{
	atomic_fetch_add(word, 1);
	CALL3(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

static void *futex_partner(void *arg)
{
	for (int seen = 0;; seen++) {
		futex_wait(&word_to, seen);
		futex_post(&word_from);
	}
	return arg;
}

static void setup_futex(void)
{
	need("pthread_create", -pthread_create(&partner_thread, NULL, futex_partner, NULL));
}

static void setup_anonymous(void)
{
	area = mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		unavailable("mmap", errno);
	madvise(area, 256 * PAGE, MADV_NOHUGEPAGE);
}

static void renew_anonymous(void)
{
	munmap(area, 256 * PAGE);
	setup_anonymous();
}

static void map_file(void)
{
	area = mmap(NULL, 256 * PAGE, PROT_READ, MAP_SHARED, fd_a, 0);
	if (area == MAP_FAILED)
		unavailable("mmap", errno);
}

static void setup_mapped_file(void)
{
	setup_file();
	map_file();
}

static void renew_mapped_file(void)
{
	munmap(area, 256 * PAGE);
	map_file();
}

static void setup_exec(void)
{
	need(self, access(self, X_OK));
}

static void setup_memory(void)
{
	setup_anonymous();
	munmap(area, 256 * PAGE);
}

/* ---- the operations, each a loop over `n` of them ---- */

#define LOOP for (; n; n--)

static void run_nothing(unsigned n) { LOOP __asm__ volatile("" : : : "memory"); }
static void run_getppid(unsigned n) { LOOP CALL0(SYS_getppid); }
static void run_sched_yield(unsigned n) { LOOP CALL0(SYS_sched_yield); }
static void run_read_zero(unsigned n) { LOOP CALL3(SYS_read, fd_a, buffer, 1); }
static void run_write_null(unsigned n) { LOOP CALL3(SYS_write, fd_a, buffer, 1); }
static void run_pread(unsigned n) { LOOP CALL4(SYS_pread64, fd_a, buffer, PAGE, 0); }
static void run_pwrite(unsigned n) { LOOP CALL4(SYS_pwrite64, fd_a, buffer, PAGE, 0); }
static void run_reread(unsigned n) { LOOP CALL4(SYS_pread64, fd_a, buffer, CHUNK, 0); }
static void run_poll(unsigned n) { LOOP CALL3(SYS_poll, polled, 10, 0); }
static void run_epoll(unsigned n) { LOOP CALL4(SYS_epoll_wait, fd_a, &event, 1, 0); }

static void run_clock_vdso(unsigned n)
{
	struct timespec t;
	LOOP clock_gettime(CLOCK_MONOTONIC, &t);
}

static void run_clock_trap(unsigned n)
{
	struct timespec t;
	LOOP CALL2(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
}

static void run_stat(unsigned n)
{
	struct stat st;
	LOOP CALL2(SYS_stat, "/tmp/f", &st);
}

static void run_fstat(unsigned n)
{
	struct stat st;
	LOOP CALL2(SYS_fstat, fd_a, &st);
}

static void run_open_close(unsigned n)
{
	LOOP CALL1(SYS_close, CALL2(SYS_open, "/tmp/f", O_RDONLY));
}

static void run_create_unlink(unsigned n)
{
	LOOP
	{
		CALL1(SYS_close, CALL3(SYS_open, "/tmp/g", O_RDWR | O_CREAT, 0644));
		CALL1(SYS_unlink, "/tmp/g");
	}
}

static void run_dup_close(unsigned n) { LOOP CALL1(SYS_close, CALL1(SYS_dup, fd_a)); }

static void run_sigaction(unsigned n)
{
	/* The kernel's own layout: handler, flags, restorer, mask. */
	unsigned long old[4];
	LOOP CALL4(SYS_rt_sigaction, SIGUSR1, 0, old, 8);
}

static void run_kill(unsigned n)
{
	pid_t pid = getpid();
	LOOP CALL2(SYS_kill, pid, SIGUSR1);
}

static void run_map(unsigned n)
{
	LOOP
	{
		long at = CALL6(SYS_mmap, 0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CALL2(SYS_munmap, at, 16 * PAGE);
	}
}

static void run_map_touch(unsigned n)
{
	LOOP
	{
		long at = CALL6(SYS_mmap, 0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (int i = 0; i < 16; i++)
			((volatile char *)at)[i * PAGE] = 1;
		CALL2(SYS_munmap, at, 16 * PAGE);
	}
}

static void run_fault(unsigned n)
{
	for (volatile char *p = area; n; n--, p += PAGE)
		*p = 1;
}

static void run_file_fault(unsigned n)
{
	for (volatile char *p = area; n; n--, p += PAGE)
		(void)*p;
}

static void run_pipe_1(unsigned n)
{
	LOOP
	{
		CALL3(SYS_write, pipe_to[1], buffer, 1);
		CALL3(SYS_read, pipe_to[0], buffer, 1);
	}
}

static void run_pipe_4k(unsigned n)
{
	LOOP
	{
		CALL3(SYS_write, pipe_to[1], buffer, PAGE);
		CALL3(SYS_read, pipe_to[0], buffer, PAGE);
	}
}

static void run_round_trip(unsigned n)
{
	LOOP
	{
		CALL3(SYS_write, fd_a, buffer, 1);
		CALL3(SYS_read, fd_b, buffer, 1);
	}
}

/* n counts chunks; the sink answers every 16th, so that the last byte has been read at the end. */
static void run_pipe_stream(unsigned n)
{
	LOOP
	{
		CALL3(SYS_write, pipe_to[1], buffer, CHUNK);
		if (n % 16 == 1)
			CALL3(SYS_read, pipe_from[0], buffer, 1);
	}
}

static void run_futex(unsigned n)
{
	LOOP
	{
		int seen = atomic_load(&word_from);
		futex_post(&word_to);
		futex_wait(&word_from, seen);
	}
}

static void *thread_nothing(void *arg) { return arg; }

static void run_thread(unsigned n)
{
	LOOP
	{
		pthread_t thread;
		if (pthread_create(&thread, NULL, thread_nothing, NULL) == 0)
			pthread_join(thread, NULL);
	}
}

static void run_fork(unsigned n)
{
	LOOP
	{
		long pid = CALL0(SYS_fork);
		if (pid == 0)
			CALL1(SYS_exit_group, 0);
		CALL4(SYS_wait4, pid, 0, 0, 0);
	}
}

static char *exec_argv[] = {"bench", "--exit", NULL}, *exec_envp[] = {NULL};

static void run_fork_exec(unsigned n)
{
	LOOP
	{
		long pid = CALL0(SYS_fork);
		if (pid == 0) {
			CALL3(SYS_execve, self, exec_argv, exec_envp);
			CALL1(SYS_exit_group, 127);
		}
		CALL4(SYS_wait4, pid, 0, 0, 0);
	}
}

static __attribute__((noinline)) pid_t vfork_and_exec(void)
{
	pid_t pid = vfork();
	if (pid == 0) {
		CALL3(SYS_execve, self, exec_argv, exec_envp);
		CALL1(SYS_exit_group, 127);
	}
	return pid;
}

static void run_vfork_exec(unsigned n)
{
	LOOP CALL4(SYS_wait4, vfork_and_exec(), 0, 0, 0);
}

static void run_eventfd(unsigned n)
{
	uint64_t one = 1;
	LOOP
	{
		CALL3(SYS_write, fd_a, &one, 8);
		CALL3(SYS_read, fd_a, buffer, 8);
	}
}

/* ---- the table ---- */

#include "native_rows.h"

struct row {
	const char *name;
	unsigned count;   /* operations a round */
	unsigned divisor; /* units an operation: bytes for the per-byte rows */
	void (*setup)(void);
	void (*run)(unsigned n);
	void (*renew)(void); /* untimed, before each round */
};

static const struct row rows[] = {
	{"getppid()", 2000, 1, NULL, run_getppid, NULL},
	{"clock_gettime (vDSO)", 4000, 1, NULL, run_clock_vdso, NULL},
	{"clock_gettime (trap)", 2000, 1, NULL, run_clock_trap, NULL},
	{"read 1 B from /dev/zero", 1000, 1, setup_zero, run_read_zero, NULL},
	{"write 1 B to /dev/null", 1000, 1, setup_null, run_write_null, NULL},
	{"pread 4 KiB, tmpfs", 300, 1, setup_file, run_pread, NULL},
	{"pwrite 4 KiB, tmpfs", 300, 1, setup_file, run_pwrite, NULL},
	{"stat(\"/tmp/f\")", 200, 1, setup_file, run_stat, NULL},
	{"fstat", 1000, 1, setup_file, run_fstat, NULL},
	{"open + close", 150, 1, setup_file, run_open_close, NULL},
	{"create + close + unlink, tmpfs", 40, 1, NULL, run_create_unlink, NULL},
	{"dup + close", 1000, 1, setup_null, run_dup_close, NULL},
	{"rt_sigaction", 1000, 1, NULL, run_sigaction, NULL},
	{"kill(self) + handler + sigreturn", 250, 1, setup_signal, run_kill, NULL},
	{"mmap + munmap 64 KiB, untouched", 80, 1, NULL, run_map, NULL},
	{"mmap + touch 16 pages + munmap", 12, 1, setup_memory, run_map_touch, NULL},
	{"one anonymous page fault", 256, 1, setup_anonymous, run_fault, renew_anonymous},
	{"pipe write + read 1 B, one process", 400, 1, setup_pipe, run_pipe_1, NULL},
	{"pipe write + read 4 KiB, one process", 200, 1, setup_pipe, run_pipe_4k, NULL},
	{"pipe round trip, two processes", 100, 1, setup_two_processes, run_round_trip, NULL},
	{"AF_UNIX stream round trip", 60, 1, setup_socket, run_round_trip, NULL},
	{"futex round trip, two threads", 100, 1, setup_futex, run_futex, NULL},
	{"ring round trip, two processes", 100, 1, setup_ring_echo, run_ring_echo, NULL},
	{"ring put + take, one process", 2000, 1, setup_ring, run_ring, NULL},
	{"ring, batches of 64 (per message)", 200, BATCH, setup_ring, run_ring_batch, NULL},
	{"ring to a process (per message)", 256, BATCH, setup_ring_sink, run_ring_stream, NULL},
	{"1 MiB handed over, and an answer", 100, 1, setup_blocks, run_blocks, NULL},
	{"sched_yield, nothing else runnable", 1000, 1, NULL, run_sched_yield, NULL},
	{"pthread create + join", 12, 1, NULL, run_thread, NULL},
	{"fork + exit + wait", 8, 1, NULL, run_fork, NULL},
	{"fork + exec (static, 40 KB) + wait", 4, 1, setup_exec, run_fork_exec, NULL},
	{"vfork + exec + wait", 4, 1, setup_exec, run_vfork_exec, NULL},
	{"poll of 10 pipes", 400, 1, setup_poll, run_poll, NULL},
	{"epoll_wait, ready, no timeout", 1000, 1, setup_epoll, run_epoll, NULL},
	{"eventfd write + read", 500, 1, setup_eventfd, run_eventfd, NULL},
	{"pipe, 64 KiB writes (per byte)", 16, CHUNK, setup_pipe_sink, run_pipe_stream, NULL},
	{"file re-read, 64 KiB (per byte)", 32, CHUNK, setup_file, run_reread, NULL},
	{"touch one mapped file page", 256, 1, setup_mapped_file, run_file_fault, renew_mapped_file},
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double one_round(const struct row *row)
{
	if (row->renew)
		row->renew();
	uint64_t start = ticks();
	row->run(row->count);
	uint64_t end = ticks();
	double spent = (double)(end - start) - tick_cost - loop_cost * row->count;
	return (spent > 0 ? spent : 0) / row->count / row->divisor;
}

static void calibrate(void)
{
	static const struct row empty = {"", 2000, 1, NULL, run_nothing, NULL};
	double best_tick = 1e18, best_loop = 1e18;
	for (int i = 0; i < 20; i++) {
		uint64_t start = ticks(), end = ticks();
		if ((double)(end - start) < best_tick)
			best_tick = (double)(end - start);
	}
	tick_cost = best_tick;
	for (int i = 0; i < 20; i++) {
		double cost = one_round(&empty);
		if (cost < best_loop)
			best_loop = cost;
	}
	loop_cost = best_loop;
}

static void measure(const struct row *row)
{
	double values[MAX_ROUNDS];
	if (row->setup)
		row->setup();
	/* Two rounds of warm-up: caches, lazily built tables, copied pages. */
	one_round(row);
	one_round(row);
	for (int i = 0; i < rounds; i++)
		values[i] = one_round(row);
	stop_partner();
	qsort(values, (size_t)rounds, sizeof values[0], by_value);
	const char *format = row->divisor > 1 ? "%.4f\t%.4f\t%.4f\t%u\n" : "%.1f\t%.1f\t%.1f\t%u\n";
	dprintf(result_pipe, format, values[0], values[rounds / 2], values[rounds - 1], row->count);
}

/* Reads the row's result line; what a dead or hung row said is replaced by the reason. */
static void collect(const struct row *row, int fd, pid_t pid)
{
	char line[160];
	size_t used = 0;
	struct pollfd ready = {fd, POLLIN, 0};
	int hung = 0;
	while (used < sizeof line - 1 && !hung) {
		if (poll(&ready, 1, ROW_SECONDS * 1000) <= 0) {
			hung = 1;
			break;
		}
		ssize_t n = read(fd, line + used, sizeof line - 1 - used);
		if (n <= 0)
			break;
		used += (size_t)n;
		if (line[used - 1] == '\n')
			break;
	}
	line[used] = 0;
	int status;
	if (hung)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (hung)
		printf("%s\t-\thung\n", row->name);
	else if (used == 0)
		printf("%s\t-\tended with status %#x\n", row->name, status);
	else
		printf("%s\t%s", row->name, line);
	fflush(stdout);
}

static void run_row(const struct row *row)
{
	int channel[2];
	if (pipe(channel) < 0)
		return;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		close(channel[0]);
		result_pipe = channel[1];
		measure(row);
		_exit(0);
	}
	close(channel[1]);
	collect(row, channel[0], pid);
	close(channel[0]);
}

static void become_init(void)
{
	mkdir("/proc", 0755);
	mkdir("/dev", 0755);
	mkdir("/tmp", 01777);
	if (access("/proc/self", F_OK))
		mount("proc", "/proc", "proc", 0, NULL);
	if (access("/dev/zero", F_OK))
		mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
}

static int selected(const char *name, char **parts)
{
	if (!*parts)
		return 1;
	for (; *parts; parts++)
		if (strstr(name, *parts))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--exit"))
		return 0;
	int is_init = getpid() == 1;
	if (is_init)
		become_init();

	static char path[256];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	self = n > 0 ? path : argv[0];
	char **parts = argv + (argc > 0);
	if (argc > 2 && !strcmp(argv[1], "-r")) {
		rounds = atoi(argv[2]);
		if (rounds < 1 || rounds > MAX_ROUNDS)
			rounds = 5;
		parts += 2;
	}

	one_cpu();
	calibrate();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (is_init || selected(rows[i].name, parts))
			run_row(&rows[i]);
	unlink("/tmp/f");
	printf("@@end\n");
	fflush(stdout);
	if (is_init) {
		sync();
		reboot(RB_POWER_OFF);
	}
	return 0;
}
