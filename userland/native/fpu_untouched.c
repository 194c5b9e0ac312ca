#include "fpu.h"
#include "native.h"
#include <elf.h>

/*
 * A program that never touches the floating point unit, not even in its start-up code: this one's own file, with
 * another entry point. It changes turns thousands of times with one that touches it in every turn, takes signals and
 * forks; then it hands out what /proc says of it.
 */
enum { TURNS = 3000, SIGNALS = 50, TO = 20, FROM = 21, REPORT = 22 };

#define BARE __attribute__((target("general-regs-only"), noinline))

static BARE long raw(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return number;
}

static volatile int bare_calls;

static BARE void bare_handler(int sig)
{
	bare_calls++;
}

__asm__("bare_restorer: movl $15, %eax; syscall\n");
extern void bare_restorer(void);

static struct {
	void *handler;
	unsigned long flags;
	void *restorer;
	unsigned long mask;
} bare_action;
static char bare_text[4096];

__attribute__((used, target("general-regs-only"))) static void bare_main(void)
{
	char byte = 0;
	for (int i = 0; i < TURNS; i++) {
		raw(SYS_write, TO, (long)&byte, 1, 0);
		raw(SYS_read, FROM, (long)&byte, 1, 0);
	}
	bare_action.handler = (void *)bare_handler;
	bare_action.flags = 0x04000000;
	bare_action.restorer = (void *)bare_restorer;
	raw(SYS_rt_sigaction, SIGUSR1, (long)&bare_action, 0, 8);
	long pid = raw(SYS_getpid, 0, 0, 0, 0);
	for (int i = 0; i < SIGNALS; i++)
		raw(SYS_kill, pid, SIGUSR1, 0, 0);
	int status = 0;
	long child = raw(SYS_fork, 0, 0, 0, 0);
	if (child == 0) {
		for (int i = 0; i < 100; i++)
			raw(SYS_sched_yield, 0, 0, 0, 0);
		raw(SYS_exit, 0, 0, 0, 0);
	}
	raw(SYS_wait4, child, (long)&status, 0, 0);
	long fd = raw(SYS_open, (long)"/proc/self/sched", O_RDONLY, 0, 0);
	long length = raw(SYS_read, fd, (long)bare_text, sizeof bare_text, 0);
	raw(SYS_write, REPORT, (long)bare_text, length, 0);
	raw(SYS_exit, bare_calls == SIGNALS && status == 0 ? 0 : 1, 0, 0, 0);
}

__asm__(".globl bare_start\nbare_start: andq $-16, %rsp; call bare_main\n");
extern char bare_start[];

/* A file like this program's, but for the entry point. */
static void make_bare_program(void)
{
	int from = (int)need(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	int to = (int)need(open("bare", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755));
	char piece[4096];
	ssize_t n;
	while ((n = need(read(from, piece, sizeof piece))) > 0)
		need(write(to, piece, (size_t)n));
	unsigned long entry = (unsigned long)bare_start;
	need(pwrite(to, &entry, sizeof entry, offsetof(Elf64_Ehdr, e_entry)));
	close(from);
	close(to);
}

static long row(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	return at && (at = strchr(at, ':')) ? atol(at + 1) : -1;
}

static char own[4096];

static const char *own_rows(void)
{
	int fd = (int)need(open("/proc/self/sched", O_RDONLY | O_CLOEXEC));
	ssize_t n = need(read(fd, own, sizeof own - 1));
	own[n] = 0;
	close(fd);
	return own;
}

NATIVE_TEST("a program that does not touch the floating point unit is never saved, one that does hardly ever traps")
{
	fpu_detect();
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ok(sched_setaffinity(0, sizeof one, &one));
	make_bare_program();
	int to[2], from[2], report[2];
	need(pipe2(to, O_CLOEXEC));
	need(pipe2(from, O_CLOEXEC));
	need(pipe2(report, O_CLOEXEC));
	pid_t pid = vfork();
	if (pid == 0) {
		dup2(to[1], TO);
		dup2(from[0], FROM);
		dup2(report[1], REPORT);
		char *argv[] = {"bare", NULL}, *envp[] = {NULL};
		execve("./bare", argv, envp);
		_exit(99);
	}
	close(to[1]);
	close(report[1]);
	long saves = row(own_rows(), "fpu.saves"), traps = row(own, "fpu.traps");
	struct fpu mine, after;
	int wrong = 0;
	char byte;
	for (int i = 0; i < TURNS; i++) {
		fpu_fill(&mine, (unsigned)i);
		wrong += fpu_live(&mine, &after, 0, SYS_read, to[0], (long)&byte, 1) != 1;
		wrong += fpu_differences(&mine, &after);
		wrong += write(from[1], &byte, 1) != 1;
	}
	is(wrong, 0);
	saves = row(own_rows(), "fpu.saves") - saves;
	traps = row(own, "fpu.traps") - traps;
	holds(saves >= TURNS / 2);
	holds(traps < saves / 16);

	char text[4096];
	size_t length = 0;
	ssize_t n;
	while ((n = read(report[0], text + length, sizeof text - 1 - length)) > 0)
		length += (size_t)n;
	text[length] = 0;
	ends(pid, "exit 0");
	holds(row(text, "nr_switches") >= TURNS);
	is(row(text, "fpu.traps"), 0);
	is(row(text, "fpu.saves"), 0);
	is(row(text, "fpu.restores"), 0);
}
