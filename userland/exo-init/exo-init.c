/*
 * exo-init: process 1 of `exo run`.
 *
 * The host puts a job description below /exo into the initramfs:
 *
 *   /exo/argv    the arguments, NUL-separated (the first one is only argv[0])
 *   /exo/path    the program to execute (file content: its path, or the program itself)
 *   /exo/env     the environment, NUL-separated
 *   /exo/stdio   three words, `tty` or `link`, for descriptors 0, 1 and 2
 *   /exo/cwd     the directory to start in
 *
 * exo-init mounts what is missing, starts the job, reaps every orphan until the job itself has
 * ended, hands over what the kernel recorded where the host takes it (/dev/exo/recording), tells
 * the host how the job ended through /dev/exo/control, and switches the machine off.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define JOB "/exo/"
#define LINK "/dev/exo/"
#define CONSOLE "/dev/console"

enum { EXIT_NOT_STARTED = 126, EXIT_NOT_FOUND = 127, EXIT_BROKEN_JOB = 125 };

static int control = -1;

static void say(const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	int fd = open(LINK "stderr", O_WRONLY | O_CLOEXEC);
	dprintf(fd >= 0 ? fd : 2, "exo-init: %s\n", text);
	if (fd >= 0)
		close(fd);
}

static void tell_host(const char *word, int number)
{
	if (control < 0)
		return;
	if (number < 0)
		dprintf(control, "%s\n", word);
	else
		dprintf(control, "%s %d\n", word, number);
}

static _Noreturn void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	say("power-off failed: %s", strerror(errno));
	for (;;)
		pause();
}

static _Noreturn void give_up(const char *what)
{
	say("%s: %s", what, strerror(errno));
	tell_host("exit", EXIT_BROKEN_JOB);
	power_off();
}

/* The whole of a small file with a NUL behind it; NULL when it cannot be read. */
static char *slurp(const char *path, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	size_t used = 0, room = 4096;
	char *data = malloc(room + 1);
	for (;;) {
		if (!data)
			break;
		ssize_t n = read(fd, data + used, room - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(data);
			data = NULL;
			break;
		}
		if (n == 0)
			break;
		used += (size_t)n;
		if (used == room) {
			room *= 2;
			char *larger = realloc(data, room + 1);
			if (!larger)
				free(data);
			data = larger;
		}
	}
	close(fd);
	if (data) {
		data[used] = 0;
		*length = used;
	}
	return data;
}

/* Splits NUL-separated text into a NULL-terminated vector; a missing last NUL is forgiven. */
static char **split(char *data, size_t length)
{
	size_t count = 0;
	for (size_t i = 0; i < length; i += strlen(data + i) + 1)
		count++;
	char **vector = calloc(count + 1, sizeof *vector);
	if (!vector)
		give_up("out of memory");
	size_t n = 0;
	for (size_t i = 0; i < length; i += strlen(data + i) + 1)
		vector[n++] = data + i;
	return vector;
}

static char *read_word(const char *path, char *fallback)
{
	size_t length;
	char *text = slurp(path, &length);
	if (!text)
		return fallback;
	text[strcspn(text, "\n")] = 0;
	return *text ? text : fallback;
}

/* /exo/path names the program; where the program itself lies there, it is executed in place. */
static char *program_path(void)
{
	static char in_place[] = JOB "path";
	char magic[4] = "";
	int fd = open(in_place, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		give_up(in_place);
	ssize_t n = read(fd, magic, sizeof magic);
	close(fd);
	int is_program = (n == 4 && !memcmp(magic, "\177ELF", 4)) || (n >= 2 && !memcmp(magic, "#!", 2));
	return is_program ? in_place : read_word(in_place, in_place);
}

static void mount_if_absent(const char *type, const char *where, const char *witness)
{
	if (access(witness, F_OK) == 0)
		return;
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) < 0 && errno != EBUSY && errno != ENODEV)
		say("mount %s: %s", where, strerror(errno));
}

static void mount_all(void)
{
	mount_if_absent("devtmpfs", "/dev", "/dev/null");
	mount_if_absent("proc", "/proc", "/proc/self");
	mount_if_absent("sysfs", "/sys", "/sys/kernel");
	mount_if_absent("devpts", "/dev/pts", "/dev/pts/ptmx");
	mkdir("/tmp", 01777);
}

/* Connects descriptors 0-2 as asked; any `tty` makes the console the controlling terminal. */
static void connect_stdio(char *words)
{
	static const char *const links[] = {LINK "stdin", LINK "stdout", LINK "stderr"};
	int is_tty[3] = {0, 0, 0};
	char *word = strtok(words, " \t\n");
	for (int i = 0; i < 3 && word; i++, word = strtok(NULL, " \t\n"))
		is_tty[i] = !strcmp(word, "tty");

	setsid();
	int tty = -1;
	if (is_tty[0] || is_tty[1] || is_tty[2]) {
		tty = open(CONSOLE, O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (tty < 0)
			give_up(CONSOLE);
		ioctl(tty, TIOCSCTTY, 1);
		tcsetpgrp(tty, getpid());
	}
	int fds[3];
	for (int i = 0; i < 3; i++) {
		fds[i] = is_tty[i] ? tty : open(links[i], (i ? O_WRONLY : O_RDONLY) | O_NOCTTY | O_CLOEXEC);
		if (fds[i] < 0)
			give_up(links[i]);
		/* Out of the way of the three targets, so that no dup2 below closes a source. */
		if (fds[i] < 3 && (fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3)) < 0)
			give_up("dup");
	}
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			give_up("dup2");
}

static _Noreturn void run_job(char *path, char **argv, char **envp, char *stdio, const char *cwd)
{
	connect_stdio(stdio);
	if (chdir(cwd) < 0)
		say("%s: %s", cwd, strerror(errno));
	execve(path, argv, envp);
	int missing = errno == ENOENT;
	say("%s: %s", argv[0] ? argv[0] : path, strerror(errno));
	_exit(missing ? EXIT_NOT_FOUND : EXIT_NOT_STARTED);
}

static int reap_until(pid_t job)
{
	for (;;) {
		int status;
		pid_t pid = wait(&status);
		if (pid == job)
			return status;
		if (pid < 0 && errno != EINTR)
			give_up("wait");
	}
}

/* What the scheduler did, if the host is there to take it. */
static void hand_over_recording(void)
{
	static char piece[1 << 16];
	int to = open(LINK "recording", O_WRONLY | O_CLOEXEC);
	int from = to < 0 ? -1 : open("/proc/exo/sched_record", O_RDONLY | O_CLOEXEC);
	if (to < 0)
		return;
	ssize_t n = from;
	while (n >= 0 && (n = read(from, piece, sizeof piece)) > 0)
		for (ssize_t done = 0, step; n >= 0 && done < n; done += step)
			if ((step = write(to, piece + done, (size_t)(n - done))) < 0)
				n = step = -1;
	if (n < 0)
		say("the recording: %s", strerror(errno));
	close(from);
	close(to);
}

int main(void)
{
	mount_all();
	control = open(LINK "control", O_WRONLY | O_CLOEXEC);

	static char default_stdio[] = "link link link", root[] = "/";
	size_t argv_length = 0, env_length = 0;
	char *argv_text = slurp(JOB "argv", &argv_length);
	if (!argv_text)
		give_up(JOB "argv");
	char *env_text = slurp(JOB "env", &env_length);
	char **argv = split(argv_text, argv_length);
	char **envp = split(env_text, env_text ? env_length : 0);
	char *path = program_path();
	char *stdio = read_word(JOB "stdio", default_stdio);
	char *cwd = read_word(JOB "cwd", root);

	tell_host("ready", -1);
	pid_t job = fork();
	if (job < 0)
		give_up("fork");
	if (job == 0)
		run_job(path, argv, envp, stdio, cwd);
	int status = reap_until(job);
	hand_over_recording();

	int console = open(CONSOLE, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (console >= 0)
		tcdrain(console);
	if (WIFSIGNALED(status))
		tell_host("signal", WTERMSIG(status));
	else
		tell_host("exit", WEXITSTATUS(status));
	power_off();
}
