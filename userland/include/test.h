/*
 * Helpers of the conformance programs.
 *
 * A program is one TEST(title) body. Every check prints one line made of its own source text and of
 * what happened, with names instead of numbers where numbers differ between systems: no process ids,
 * addresses or times. So the output of Linux and of Exo-OS can be compared byte for byte, and a
 * program ends with 0 only when its own expectations hold.
 *
 *   ok(call)            the call did not return -1
 *   fails(call, ERROR)  it returned -1 with that errno
 *   gives(call, ERROR)  it returned that error number itself (pthread style; 0 is "ok")
 *   is(value, wanted)   integers are equal; the value is printed
 *   text_is(s, wanted)  strings are equal; the string is printed, escaped
 *   holds(condition)    true
 *   ends(pid, "exit 0") how a child ended: "exit N", "signal NAME", "stopped NAME", "continued"
 *   CHILD(statements)   runs them in a child and waits; its failed checks count
 *   SPAWN(pid, …)       runs them in a child; what it prints appears when ends(pid, …) waits for it
 *   note("…")           a line of its own
 */
#ifndef EXO_TEST_H
#define EXO_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

/* Through the variadic syscall() an int -1 would arrive as 4294967295: every argument becomes a long. */
#define TEST_L(x) ((long)(x))
#define TEST_S1(n) (syscall)(TEST_L(n))
#define TEST_S2(n, a) (syscall)(TEST_L(n), TEST_L(a))
#define TEST_S3(n, a, b) (syscall)(TEST_L(n), TEST_L(a), TEST_L(b))
#define TEST_S4(n, a, b, c) (syscall)(TEST_L(n), TEST_L(a), TEST_L(b), TEST_L(c))
#define TEST_S5(n, a, b, c, d) (syscall)(TEST_L(n), TEST_L(a), TEST_L(b), TEST_L(c), TEST_L(d))
#define TEST_S6(n, a, b, c, d, e) \
	(syscall)(TEST_L(n), TEST_L(a), TEST_L(b), TEST_L(c), TEST_L(d), TEST_L(e))
#define TEST_S7(n, a, b, c, d, e, f) \
	(syscall)(TEST_L(n), TEST_L(a), TEST_L(b), TEST_L(c), TEST_L(d), TEST_L(e), TEST_L(f))
#define TEST_PICK(a, b, c, d, e, f, g, name, ...) name
#define syscall(...) \
	TEST_PICK(__VA_ARGS__, TEST_S7, TEST_S6, TEST_S5, TEST_S4, TEST_S3, TEST_S2, TEST_S1, 0)(__VA_ARGS__)

static int test_failures, test_checks;
static int test_argc UNUSED;
static char **test_argv UNUSED;

/* ---- names ---- */

struct test_name {
	int value;
	const char *name;
};

#define N(x) {x, #x}
static const struct test_name test_errnos[] = {
	N(E2BIG), N(EACCES), N(EADDRINUSE), N(EADDRNOTAVAIL), N(EAFNOSUPPORT), N(EAGAIN), N(EALREADY),
	N(EBADF), N(EBADMSG), N(EBUSY), N(ECANCELED), N(ECHILD), N(ECONNABORTED), N(ECONNREFUSED),
	N(ECONNRESET), N(EDEADLK), N(EDESTADDRREQ), N(EDOM), N(EDQUOT), N(EEXIST), N(EFAULT), N(EFBIG), N(EIDRM),
	N(EINPROGRESS), N(EINTR), N(EINVAL), N(EIO), N(EISCONN), N(EISDIR), N(ELIBBAD), N(ELOOP),
	N(EMFILE), N(EMLINK), N(EMSGSIZE), N(ENAMETOOLONG), N(ENFILE), N(ENOBUFS), N(ENODATA), N(ENODEV),
	N(ENOENT), N(ENOEXEC), N(ENOLCK), N(ENOMEM), N(ENOMSG), N(ENOPROTOOPT), N(ENOSPC), N(ENOSYS), N(ENOTBLK),
	N(ENOTCONN), N(ENOTDIR), N(ENOTEMPTY), N(ENOTRECOVERABLE), N(ENOTSOCK), N(ENOTSUP), N(ENOTTY),
	N(ENXIO), N(EOVERFLOW), N(EOWNERDEAD), N(EPERM), N(EPIPE), N(EPROTO), N(EPROTONOSUPPORT),
	N(EPROTOTYPE), N(ERANGE), N(EROFS), N(ESHUTDOWN), N(ESOCKTNOSUPPORT), N(ESPIPE), N(ESRCH),
	N(ESTALE), N(ETIME), N(ETIMEDOUT), N(ETXTBSY), N(EXDEV),
};
static const struct test_name test_signals[] = {
	N(SIGHUP), N(SIGINT), N(SIGQUIT), N(SIGILL), N(SIGTRAP), N(SIGABRT), N(SIGBUS), N(SIGFPE),
	N(SIGKILL), N(SIGUSR1), N(SIGSEGV), N(SIGUSR2), N(SIGPIPE), N(SIGALRM), N(SIGTERM), N(SIGSTKFLT),
	N(SIGCHLD), N(SIGCONT), N(SIGSTOP), N(SIGTSTP), N(SIGTTIN), N(SIGTTOU), N(SIGURG), N(SIGXCPU),
	N(SIGXFSZ), N(SIGVTALRM), N(SIGPROF), N(SIGWINCH), N(SIGIO), N(SIGPWR), N(SIGSYS),
};
#undef N

static UNUSED const char *test_lookup(const struct test_name *table, size_t count, int value, const char *kind)
{
	static char other[4][32];
	static int turn;
	for (size_t i = 0; i < count; i++)
		if (table[i].value == value)
			return table[i].name;
	char *text = other[turn++ & 3];
	snprintf(text, sizeof other[0], "%s %d", kind, value);
	return text;
}

static UNUSED const char *errno_name(int error)
{
	if (error == 0)
		return "ok";
	return test_lookup(test_errnos, sizeof test_errnos / sizeof test_errnos[0], error, "errno");
}

static UNUSED const char *signal_name(int sig)
{
	static char realtime[4][24];
	static int turn;
	if (sig >= SIGRTMIN && sig <= SIGRTMAX) {
		char *text = realtime[turn++ & 3];
		snprintf(text, sizeof realtime[0], "SIGRTMIN+%d", sig - SIGRTMIN);
		return text;
	}
	return test_lookup(test_signals, sizeof test_signals / sizeof test_signals[0], sig, "signal");
}

static UNUSED const char *status_name(int status)
{
	static char text[64];
	if (WIFEXITED(status))
		snprintf(text, sizeof text, "exit %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof text, "signal %s", signal_name(WTERMSIG(status)));
	else if (WIFSTOPPED(status))
		snprintf(text, sizeof text, "stopped %s", signal_name(WSTOPSIG(status)));
	else if (WIFCONTINUED(status))
		snprintf(text, sizeof text, "continued");
	else
		snprintf(text, sizeof text, "status %#x", status);
	return text;
}

/* ---- checks ---- */

static UNUSED int test_report(int good, const char *what, const char *got, const char *wanted)
{
	__atomic_add_fetch(&test_checks, 1, __ATOMIC_RELAXED);
	if (good) {
		printf("%s: %s\n", what, got);
	} else {
		__atomic_add_fetch(&test_failures, 1, __ATOMIC_RELAXED);
		printf("%s: %s, but wanted %s  <-- FAIL\n", what, got, wanted);
	}
	return good;
}

static UNUSED long test_ok(const char *what, long result)
{
	test_report(result != -1, what, result != -1 ? "ok" : errno_name(errno), "ok");
	return result;
}

static UNUSED int test_fails(const char *what, long result, int error)
{
	return test_report(result == -1 && errno == error, what, result == -1 ? errno_name(errno) : "success",
			   errno_name(error));
}

static UNUSED int test_gives(const char *what, int result, int error)
{
	return test_report(result == error, what, errno_name(result), errno_name(error));
}

static UNUSED int test_is(const char *what, long long value, long long wanted)
{
	char got[64], want[32];
	snprintf(got, sizeof got, value == -1 && wanted != -1 ? "%lld (%s)" : "%lld", value, errno_name(errno));
	snprintf(want, sizeof want, "%lld", wanted);
	return test_report(value == wanted, what, got, want);
}

static UNUSED int test_holds(const char *what, int good)
{
	return test_report(good, what, good ? "true" : "false", "true");
}

static UNUSED void test_escape(char *to, size_t room, const char *from)
{
	char *end = to + room - 6;
	*to++ = '"';
	for (; *from && to < end; from++) {
		unsigned char c = (unsigned char)*from;
		if (c == '\n')
			to += sprintf(to, "\\n");
		else if (c < 32 || c >= 127 || c == '"' || c == '\\')
			to += sprintf(to, "\\x%02x", c);
		else
			*to++ = (char)c;
	}
	*to++ = '"';
	*to = 0;
}

static UNUSED int test_text(const char *what, const char *value, const char *wanted)
{
	char got[1024], want[1024];
	test_escape(got, sizeof got, value ? value : "(null)");
	test_escape(want, sizeof want, wanted);
	return test_report(value && !strcmp(value, wanted), what, got, want);
}

/*
 * What a spawned child prints is kept in a pipe until somebody waits for it with ends(), so that the
 * lines of parent and child come in one order only.
 */
static struct test_capture {
	pid_t pid;
	int fd;
} test_captures[64];

static UNUSED void test_show_output(pid_t pid)
{
	for (size_t i = 0; i < sizeof test_captures / sizeof test_captures[0]; i++) {
		struct test_capture *c = &test_captures[i];
		if (c->pid != pid || pid == 0)
			continue;
		char text[4096];
		ssize_t n;
		while ((n = read(c->fd, text, sizeof text)) > 0)
			fwrite(text, 1, (size_t)n, stdout);
		fflush(stdout);
		if (n == 0) {
			close(c->fd);
			c->pid = 0;
		}
	}
}

static UNUSED void test_forget_output(pid_t pid)
{
	for (size_t i = 0; i < sizeof test_captures / sizeof test_captures[0]; i++)
		if (test_captures[i].pid == pid) {
			close(test_captures[i].fd);
			test_captures[i].pid = 0;
		}
}

static UNUSED int test_ends(const char *what, pid_t pid, const char *wanted)
{
	int status = 0;
	pid_t got;
	do
		got = waitpid(pid, &status, WUNTRACED | WCONTINUED);
	while (got < 0 && errno == EINTR);
	const char *text = got < 0 ? errno_name(errno) : status_name(status);
	test_show_output(pid);
	return test_report(!strcmp(text, wanted), what, text, wanted);
}

#define ok(...) (errno = 0, test_ok(#__VA_ARGS__, (long)(__VA_ARGS__)))
#define fails(call, error) (errno = 0, test_fails(#call, (long)(call), error))
#define gives(call, error) test_gives(#call, call, error)
#define is(value, wanted) test_is(#value, (long long)(value), (long long)(wanted))
#define text_is(value, wanted) test_text(#value, value, wanted)
#define holds(...) test_holds(#__VA_ARGS__, !!(__VA_ARGS__))
#define ends(pid, wanted) test_ends("end of " #pid, pid, wanted)

static UNUSED __attribute__((format(printf, 1, 2))) void note(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* For what a test needs but does not test: stops with a reason. */
static UNUSED long test_need(const char *what, long result)
{
	if (result == -1) {
		printf("needed %s: %s  <-- FAIL\n", what, errno_name(errno));
		exit(2);
	}
	return result;
}
#define need(...) test_need(#__VA_ARGS__, (long)(__VA_ARGS__))

/* ---- processes ---- */

static UNUSED pid_t start_child(void)
{
	fflush(stdout);
	pid_t pid = (pid_t)need(fork());
	if (pid == 0)
		test_failures = 0;
	return pid;
}

/* Like start_child, with what it prints held back until the parent asks for it. */
static UNUSED pid_t start_captured(void)
{
	int fds[2];
	need(pipe2(fds, O_CLOEXEC));
	/* Far from the numbers that a test may look at. */
	int out = fcntl(fds[0], F_DUPFD_CLOEXEC, 200);
	if (out >= 0)
		close(fds[0]);
	else
		out = fds[0];
	fcntl(out, F_SETFL, O_NONBLOCK);
	pid_t pid = start_child();
	if (pid == 0) {
		dup2(fds[1], 1);
		close(fds[1]);
		close(out);
		memset(test_captures, 0, sizeof test_captures);
		return 0;
	}
	close(fds[1]);
	for (size_t i = 0; i < sizeof test_captures / sizeof test_captures[0]; i++)
		if (test_captures[i].pid == 0) {
			test_captures[i] = (struct test_capture){pid, out};
			return pid;
		}
	close(out);
	return pid;
}

static UNUSED _Noreturn void end_child(void)
{
	fflush(stdout);
	_exit(test_failures != 0);
}

static UNUSED void join_child(pid_t pid)
{
	int status = -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		test_report(0, "child", status_name(status), "exit 0");
}

#define CHILD(...)                                                                                   \
	do {                                                                                         \
		pid_t child_ = start_child();                                                        \
		if (child_ == 0) {                                                                   \
			__VA_ARGS__;                                                                 \
			end_child();                                                                 \
		}                                                                                    \
		join_child(child_);                                                                  \
	} while (0)

/* Starts a child that runs the statements; its id is left in `pid`, ends(pid, …) waits for it. */
#define SPAWN(pid, ...)                                                                              \
	do {                                                                                         \
		(pid) = start_captured();                                                             \
		if ((pid) == 0) {                                                                    \
			__VA_ARGS__;                                                                 \
			end_child();                                                                 \
		}                                                                                    \
	} while (0)

/* Becomes an ordinary user for good, without groups or capabilities. */
static UNUSED void become(uid_t id)
{
	need(setgroups(0, NULL));
	need(setresgid(id, id, id));
	need(setresuid(id, id, id));
}

static UNUSED void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static UNUSED long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Where the guest's time is the host's, as with several CPUs, a host that is busy can stop any CPU at any moment: what
 * takes how long is then shown by the best of some attempts. Where instructions are counted, the first one must do.
 * exo test puts the file there.
 */
#define HOST_TIME "/exo/host-time"

static UNUSED int most_attempts(void)
{
	return access(HOST_TIME, F_OK) == 0 ? 8 : 1;
}

/* Measures, until the condition holds or there were enough attempts; then it has to hold. */
#define measured(measure, ...)                                                                       \
	do {                                                                                         \
		int left_ = most_attempts();                                                         \
		do                                                                                   \
			measure;                                                                     \
		while (--left_ > 0 && !(__VA_ARGS__));                                               \
		holds(__VA_ARGS__);                                                                  \
	} while (0)

/* The state letter of a thread or process from /proc, '?' when it is gone. */
static UNUSED char state_of(pid_t pid)
{
	char path[64], text[512], state = '?';
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return '?';
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	char *after = strrchr(text, ')');
	if (after)
		sscanf(after + 1, " %c", &state);
	return state;
}

/*
 * Waits until it is in that state for good, which is: in three looks in a row, since a process also
 * sleeps for a moment on its way. False after five seconds.
 */
static UNUSED int await_state(pid_t pid, char state)
{
	for (int i = 0, seen = 0; i < 5000; i++) {
		seen = state_of(pid) == state ? seen + 1 : 0;
		if (seen == 3 || (seen && state == 'Z'))
			return 1;
		sleep_ms(1);
	}
	return 0;
}

/* A one-shot gate between processes: open before fork, wait in one, pass in another. */
struct gate {
	int fd[2];
};
static UNUSED struct gate new_gate(void)
{
	struct gate g;
	need(pipe2(g.fd, O_CLOEXEC));
	return g;
}
static UNUSED void pass_gate(struct gate g)
{
	need(write(g.fd[1], "x", 1));
}
static UNUSED void wait_gate(struct gate g)
{
	char byte;
	while (read(g.fd[0], &byte, 1) < 0 && errno == EINTR)
		;
}

/* ---- files ---- */

static UNUSED void put_file(const char *path, const char *content)
{
	int fd = (int)need(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
	need(write(fd, content, strlen(content)));
	close(fd);
}

/* The content of a small file as a string; "" when it cannot be read. */
static UNUSED const char *get_file(const char *path)
{
	static char text[65536];
	size_t used = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return "";
	ssize_t n;
	while (used < sizeof text - 1 && (n = read(fd, text + used, sizeof text - 1 - used)) > 0)
		used += (size_t)n;
	close(fd);
	text[used] = 0;
	return text;
}

static UNUSED mode_t mode_of(const char *path)
{
	struct stat st;
	return lstat(path, &st) < 0 ? (mode_t)-1 : st.st_mode;
}

static UNUSED long size_of(const char *path)
{
	struct stat st;
	return lstat(path, &st) < 0 ? -1 : (long)st.st_size;
}

/* ---- the frame of a program ---- */

static UNUSED void test_begin(int argc, char **argv, const char *title)
{
	test_argc = argc;
	test_argv = argv;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		return;
	umask(022);
	printf("# %s\n", title);
}

static UNUSED int test_end(void)
{
	for (size_t i = 0; i < sizeof test_captures / sizeof test_captures[0]; i++)
		test_show_output(test_captures[i].pid);
	if (test_failures)
		printf("# %d of %d checks failed\n", test_failures, test_checks);
	else
		printf("# %d checks hold\n", test_checks);
	fflush(stdout);
	return test_failures != 0;
}

#define TEST(title)                                                                                  \
	static void test_body(void);                                                                 \
	int main(int argc, char **argv)                                                              \
	{                                                                                            \
		test_begin(argc, argv, title);                                                       \
		test_body();                                                                         \
		return test_end();                                                                   \
	}                                                                                            \
	static void test_body(void)

#endif
