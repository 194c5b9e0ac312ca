/*
 * exo-batch: runs many programs in one boot and reports what each of them did.
 *
 *   exo-batch LIST [SECONDS [DIRECTORY]]
 *
 * LIST holds lines `name<TAB>argv…` with arguments separated by single blanks (no shell, no
 * quoting); empty lines and lines that start with `#` are skipped. Each program gets a fresh empty
 * working directory (DIRECTORY/cwd; DIRECTORY must not exist yet), a session of its own, /dev/null as stdin, and a time limit. Its stdout and
 * stderr go to one file; afterwards exo-batch writes
 *
 *   @@ name status length
 *   …captured bytes…
 *
 * The program `count-objects` is exo-batch itself: it reports what the kernel says of its objects in
 * /proc/exo/objects. Everywhere status is the exit code, `sigN`, `timeout`, or `error`; `@@end N` closes the report. Whatever
 * the program leaves running is killed and reaped, and its directory is removed.
 * The same binary runs on Linux and on Exo-OS, so that both reports can be compared.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { DEFAULT_SECONDS = 20, MAX_ARGS = 256, LINE_ROOM = 8192, STRAY_ROUNDS = 200 };

static sigset_t child_signal;
static const char *base = "/tmp/exo-batch";
static char work[256], capture[256], buffer[65536];
static int caches, objects;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "exo-batch: %s: %s\n", what, strerror(errno));
	_exit(2);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path) && errno != ENOENT ? -1 : 0;
}

/* A directory without permissions stops a walk of a non-root user, so they are given back first. */
static int unlock_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)where;
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, 0700);
	return 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	if (access(path, F_OK) == 0) {
		nftw(path, unlock_entry, 16, FTW_PHYS);
		nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	}
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The limits that programs can see must not depend on who started exo-batch. */
static void same_limits(void)
{
	static const struct {
		int what;
		struct rlimit limit;
	} limits[] = {
		{RLIMIT_NOFILE, {1024, 4096}},
		{RLIMIT_STACK, {8 << 20, RLIM_INFINITY}},
		{RLIMIT_CORE, {0, 0}},
		{RLIMIT_NPROC, {RLIM_INFINITY, RLIM_INFINITY}},
		{RLIMIT_SIGPENDING, {16384, 16384}},
		{RLIMIT_MEMLOCK, {8 << 20, 8 << 20}},
	};
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		setrlimit(limits[i].what, &limits[i].limit);
}

static _Noreturn void run_program(char **argv)
{
	setsid();
	sigprocmask(SIG_UNBLOCK, &child_signal, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(022);
	int in = open("/dev/null", O_RDONLY);
	int out = open(capture, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	if (in < 0 || out < 0 || chdir(work) < 0)
		die(work);
	same_limits();
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	execvp(argv[0], argv);
	dprintf(2, "exo-batch: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Sleeps until a child has changed or the deadline is over; false when it is over. */
static int wait_for_child(double deadline)
{
	double left = deadline - now();
	if (left <= 0)
		return 0;
	struct timespec t = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
	sigtimedwait(&child_signal, NULL, &t);
	return 1;
}

/* Waits for the program itself, reaping adopted orphans on the way; false on a timeout. */
static int wait_until(pid_t program, double deadline, int *status)
{
	for (;;) {
		int st;
		pid_t pid;
		while ((pid = waitpid(-1, &st, WNOHANG)) > 0)
			if (pid == program) {
				*status = st;
				return 1;
			}
		if (!wait_for_child(deadline))
			return 0;
	}
}

/* The children that have been adopted from a finished program, from /proc. */
static void kill_children(void)
{
	DIR *proc = opendir("/proc");
	if (!proc)
		return;
	pid_t me = getpid();
	for (struct dirent *e; (e = readdir(proc));) {
		pid_t pid = atoi(e->d_name);
		if (pid <= 0)
			continue;
		char path[64], text[512];
		snprintf(path, sizeof path, "/proc/%d/stat", pid);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		ssize_t n = read(fd, text, sizeof text - 1);
		close(fd);
		text[n > 0 ? n : 0] = 0;
		char *after = strrchr(text, ')');
		char state;
		int parent;
		if (after && sscanf(after + 1, " %c %d", &state, &parent) == 2 && parent == me)
			kill(pid, SIGKILL);
	}
	closedir(proc);
}

/* As a subreaper every stray becomes our child sooner or later: kill and reap until none is left. */
static void reap_strays(pid_t program)
{
	for (int round = 0; round < STRAY_ROUNDS; round++) {
		pid_t pid;
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return;
		kill(-program, SIGKILL);
		kill_children();
		wait_for_child(now() + 0.05);
	}
}

static void print_report(const char *name, const char *status)
{
	int fd = open(capture, O_RDONLY | O_CLOEXEC);
	struct stat st = {0};
	if (fd >= 0)
		fstat(fd, &st);
	printf("@@ %s %s %lld\n", name, status, (long long)st.st_size);
	long long left = st.st_size;
	while (left > 0) {
		size_t want = left < (long long)sizeof buffer ? (size_t)left : sizeof buffer;
		ssize_t n = read(fd, buffer, want);
		if (n <= 0)
			break;
		fwrite(buffer, 1, (size_t)n, stdout);
		left -= n;
	}
	putchar('\n');
	fflush(stdout);
	if (fd >= 0)
		close(fd);
}

static void finish(const char *name, const char *status)
{
	print_report(name, status);
	remove_tree(work);
	unlink(capture);
}

static void run_one(const char *name, char **argv, double seconds)
{
	char text[32] = "error";
	if (mkdir(work, 0755) < 0)
		die(work);
	pid_t program = fork();
	if (program == 0)
		run_program(argv);
	if (program > 0) {
		int status;
		if (!wait_until(program, now() + seconds, &status)) {
			kill(-program, SIGKILL);
			kill(program, SIGKILL);
			strcpy(text, "timeout");
		} else if (WIFSIGNALED(status)) {
			snprintf(text, sizeof text, "sig%d", WTERMSIG(status));
		} else {
			snprintf(text, sizeof text, "%d", WEXITSTATUS(status));
		}
		reap_strays(program);
	}
	finish(name, text);
}

/* What the kernel says of its objects, after it has given back what it only keeps. Both files are open all the time:
 * whatever is allocated to open one is among what is kept, and would be counted differently each time. */
static size_t read_objects(void)
{
	size_t have = 0;
	if (write(caches, "3", 1) != 1)
		return 0;
	for (ssize_t n; (n = pread(objects, buffer + have, sizeof buffer - have, (off_t)have)) > 0;)
		have += (size_t)n;
	return have;
}

static void prepare_counting(void)
{
	caches = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	objects = open("/proc/exo/objects", O_RDONLY | O_CLOEXEC);
	/* From here on there is a page behind each part of the buffer, and an earlier text in the kernel. */
	memset(buffer, 0, sizeof buffer);
	read_objects();
}

static const char *count_objects(void)
{
	size_t have = read_objects();
	int out = open(capture, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int good = have > 0 && write(out, buffer, have) == (ssize_t)have;
	close(out);
	return good ? "0" : "1";
}

/* A child of its own for each program: what it allocates on the way goes with it, so that this process is the same
 * before the first program and after the last. Only the counting must be done here, where no other process's
 * objects are among those that are counted. */
static void delegate(const char *name, char **argv, double seconds)
{
	const char *counted = strcmp(argv[0], "count-objects") == 0 ? count_objects() : NULL;
	pid_t runner = fork();
	if (runner < 0)
		die("fork");
	if (runner == 0) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		if (counted)
			finish(name, counted);
		else
			run_one(name, argv, seconds);
		_exit(0);
	}
	int status;
	if (waitpid(runner, &status, 0) < 0 || status == 0)
		return;
	/* The program has killed it. */
	reap_strays(runner);
	runner = fork();
	if (runner == 0) {
		finish(name, "error");
		_exit(0);
	}
	waitpid(runner, NULL, 0);
}

static int split_line(char *line, char **name, char **argv)
{
	line[strcspn(line, "\n")] = 0;
	char *tab = strchr(line, '\t');
	if (!*line || *line == '#' || !tab)
		return 0;
	*tab = 0;
	*name = line;
	int n = 0;
	for (char *word = strtok(tab + 1, " "); word && n < MAX_ARGS; word = strtok(NULL, " "))
		argv[n++] = word;
	argv[n] = NULL;
	return n;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: exo-batch LIST [SECONDS [DIRECTORY]]\n");
		return 2;
	}
	double seconds = argc > 2 ? atof(argv[2]) : DEFAULT_SECONDS;
	FILE *list = fopen(argv[1], "re");
	if (!list)
		die(argv[1]);
	sigemptyset(&child_signal);
	sigaddset(&child_signal, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_signal, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (argc > 3)
		base = argv[3];
	if (mkdir(base, 0755) < 0)
		die(base);
	prepare_counting();
	snprintf(work, sizeof work, "%s/cwd", base);
	snprintf(capture, sizeof capture, "%s/out", base);

	int count = 0;
	static char line[LINE_ROOM];
	char *name, *words[MAX_ARGS + 1];
	memset(line, 1, sizeof line);
	while (fgets(line, sizeof line, list))
		if (split_line(line, &name, words)) {
			delegate(name, words, seconds);
			count++;
		}
	fclose(list);
	remove_tree(base);
	printf("@@end %d\n", count);
	return 0;
}
