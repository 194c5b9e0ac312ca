#include "native.h"
#include "pass.h"
#include <sys/timerfd.h>

static volatile sig_atomic_t got;

static void handler(int signal)
{
	got = signal;
}

NATIVE_TEST("capabilities to processes, threads, timers and address spaces")
{
	pid_t pid;
	int p[2];
	need(pipe(p));
	static char secret[16] = "before";

	note("-- a process: signals and waiting are rights");
	SPAWN(pid, {
		char byte;
		read(p[0], &byte, 1);
		text_is(secret, "after!");
	});
	int process = (int)need(exo_cap_open(EXO_KIND_PROCESS, pid, O_CLOEXEC));
	int waiter = (int)need(exo_cap_clone(process, EXO_RIGHT_WAIT | EXO_RIGHT_POLL, 0, 0));
	int killer = (int)need(exo_cap_clone(process, EXO_RIGHT_SIGNAL, 0, 0));
	fails(syscall(SYS_pidfd_send_signal, waiter, 0, NULL, 0), EBADF);
	ok(syscall(SYS_pidfd_send_signal, killer, 0, NULL, 0));
	siginfo_t info;
	fails(waitid(P_PIDFD, (id_t)killer, &info, WEXITED | WNOHANG), EBADF);

	note("-- its memory, by address");
	int space = (int)need(exo_cap_open(EXO_KIND_SPACE, pid, 0));
	int peek = (int)need(exo_cap_clone(space, EXO_RIGHT_READ | EXO_RIGHT_SEEK, 0, 0));
	char text[16] = "";
	is(pread(peek, text, 7, (off_t)(uintptr_t)secret), 7);
	text_is(text, "before");
	fails(pwrite(peek, "x", 1, (off_t)(uintptr_t)secret), EBADF);
	is(pwrite(space, "after!", 7, (off_t)(uintptr_t)secret), 7);
	fails(pread(peek, text, 1, 0), EIO);
	text_is(secret, "before");
	need(write(p[1], "x", 1));
	ok(waitid(P_PIDFD, (id_t)waiter, &info, WEXITED | WNOWAIT));
	ends(pid, "exit 0");
	fails(pread(peek, text, 1, (off_t)(uintptr_t)secret), ESRCH);
	fails(syscall(SYS_pidfd_send_signal, killer, 0, NULL, 0), ESRCH);
	ok(exo_cap_revoke(process, 0));
	fails(syscall(SYS_pidfd_send_signal, killer, 0, NULL, 0), EKEYREVOKED);

	note("-- somebody else's memory is not to be had");
	SPAWN(pid, {
		need(setresgid(1000, 1000, 1000));
		need(setresuid(1000, 1000, 1000));
		fails(exo_cap_open(EXO_KIND_SPACE, getppid(), 0), EACCES);
		ok(exo_cap_open(EXO_KIND_SPACE, getpid(), 0));
	});
	ends(pid, "exit 0");

	note("-- a thread");
	int thread = (int)need(exo_cap_open(EXO_KIND_THREAD, gettid(), 0));
	signal(SIGUSR1, handler);
	ok(syscall(SYS_pidfd_send_signal, thread, SIGUSR1, NULL, 0));
	is(got, SIGUSR1);
	int mute = (int)need(exo_cap_clone(thread, EXO_RIGHT_STAT | EXO_RIGHT_DUP, 0, 0));
	fails(syscall(SYS_pidfd_send_signal, mute, SIGUSR1, NULL, 0), EBADF);

	note("-- a timer: who may read may not set");
	int timer = (int)need(timerfd_create(CLOCK_MONOTONIC, 0));
	int clock = (int)need(exo_cap_clone(timer, EXO_RIGHT_READ | EXO_RIGHT_STAT | EXO_RIGHT_POLL, 0, 0));
	struct itimerspec soon = {.it_value = {0, 1000000}}, now;
	fails(timerfd_settime(clock, 0, &soon, NULL), EBADF);
	ok(timerfd_settime(timer, 0, &soon, NULL));
	ok(timerfd_gettime(clock, &now));
	uint64_t count = 0;
	is(read(clock, &count, 8), 8);
	is(count, 1);

	note("-- rights and badge travel with a message");
	int sock[2];
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	int sent = (int)need(exo_cap_clone(p[1], EXO_RIGHT_WRITE | EXO_RIGHT_TRANSFER, 77, 0));
	ok(send_fd(sock[0], sent));
	int received = receive_fd(sock[1]);
	struct exo_cap_info told;
	ok(exo_cap_info(received, &told));
	is(told.badge, 77);
	is(told.rights, EXO_RIGHT_WRITE | EXO_RIGHT_TRANSFER);
	is(exo_cap_check(received, sent), 1);
	int fixed = (int)need(exo_cap_clone(p[1], EXO_RIGHT_WRITE, 78, 0));
	fails(send_fd(sock[0], fixed), EBADF);

	note("-- /proc/self/caps");
	FILE *list = fopen("/proc/self/caps", "r");
	char line[256], wanted[64];
	int found = 0;
	snprintf(wanted, sizeof wanted, "%d channel -w-------t", received);
	while (fgets(line, sizeof line, list))
		found += !strncmp(line, wanted, strlen(wanted)) && strstr(line, " 0x4d ") && strstr(line, " derived\n");
	is(found, 1);
	SPAWN(pid, {
		need(setresgid(1000, 1000, 1000));
		need(setresuid(1000, 1000, 1000));
		char path[32];
		snprintf(path, sizeof path, "/proc/%d/caps", getppid());
		fails(open(path, O_RDONLY), EACCES);
	});
	ends(pid, "exit 0");
}
