/*
 * yardstick-init: process 1 of a Linux that runs one job for the host, as exo-init does on Exo-OS.
 *
 * Linux has no driver for the host link, so this program is one: the job's stdout and stderr are pipes,
 * whose bytes it writes to the debug ports itself; its stdin is a pipe filled from the second serial
 * port, which carries the escaped stream (FF FF = FF, FF 00 = end, FF 01 + four bytes = window size).
 * The job description is the same as exo-init's: argv, env, path, stdio and cwd below /exo.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PORT_OUT = 0x500, PORT_ERR = 0x504, PORT_CONTROL = 0x508 };
enum { SERIAL, OUT, ERR, CHILD, STREAMS };

static _Noreturn void power_off(void)
{
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void control(const char *text)
{
	outsb(PORT_CONTROL, text, strlen(text));
}

static _Noreturn void give_up(const char *what)
{
	char text[256];
	snprintf(text, sizeof text, "yardstick-init: %s: %s\n", what, strerror(errno));
	outsb(PORT_ERR, text, strlen(text));
	control("exit 125\n");
	power_off();
}

static char *slurp(const char *path, size_t *length)
{
	static char empty[1];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	*length = 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return empty;
	char *data = calloc(1, (size_t)st.st_size + 1);
	ssize_t n = data ? read(fd, data, (size_t)st.st_size) : -1;
	close(fd);
	if (n < 0)
		give_up(path);
	*length = (size_t)n;
	return data;
}

static char **vector(const char *path)
{
	size_t length, count = 0;
	char *data = slurp(path, &length);
	char **words = calloc(length + 1, sizeof *words);
	if (!words)
		give_up("memory");
	for (size_t i = 0; i < length; i += strlen(data + i) + 1)
		words[count++] = data + i;
	return words;
}

static char *word(const char *path)
{
	size_t length;
	char *text = slurp(path, &length);
	text[strcspn(text, "\n")] = 0;
	return text;
}

static void mount_all(void)
{
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	mkdir("/dev/pts", 0755);
	mkdir("/dev/shm", 01777);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devpts", "/dev/pts", "devpts", 0, "gid=5,mode=620,ptmxmode=666");
	/* What udev does on a Linux that has it, and our own devfs by itself. */
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
	sethostname("exo", 3);
}

static _Noreturn void run_job(int links[3], const sigset_t *old)
{
	char *stdio = word("/exo/stdio"), *path = word("/exo/path"), *cwd = word("/exo/cwd");
	int tty = -1, i = 0;
	setsid();
	for (char *w = strtok(stdio, " "); w && i < 3; w = strtok(NULL, " "), i++)
		if (!strcmp(w, "tty")) {
			if (tty < 0) {
				tty = open("/dev/ttyS0", O_RDWR | O_CLOEXEC);
				ioctl(tty, TIOCSCTTY, 1);
			}
			links[i] = tty;
		}
	for (i = 0; i < 3; i++)
		dup2(links[i], i);
	sigprocmask(SIG_SETMASK, old, NULL);
	if (chdir(*cwd ? cwd : "/") < 0)
		perror(cwd);
	execve(path, vector("/exo/argv"), vector("/exo/env"));
	int missing = errno == ENOENT;
	perror(path);
	_exit(missing ? 127 : 126);
}

/* Undoes the escapes of the serial stream; true when the input has ended. */
static int decode(const unsigned char *from, ssize_t n, unsigned char *to, size_t *used)
{
	static int escaped, skip;
	*used = 0;
	for (ssize_t i = 0; i < n; i++) {
		if (skip) {
			skip--;
		} else if (escaped) {
			escaped = 0;
			if (from[i] == 0)
				return 1;
			if (from[i] == 1)
				skip = 4;
			else
				to[(*used)++] = from[i];
		} else if (from[i] == 0xff) {
			escaped = 1;
		} else {
			to[(*used)++] = from[i];
		}
	}
	return 0;
}

static int open_serial(void)
{
	struct termios raw;
	int fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || tcgetattr(fd, &raw) < 0)
		return -1;
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL | CREAD;
	tcsetattr(fd, TCSANOW, &raw);
	return fd;
}

static int relay(int fd, unsigned short port)
{
	static char buffer[65536];
	ssize_t n = read(fd, buffer, sizeof buffer);
	if (n > 0)
		outsb(port, buffer, (size_t)n);
	return n > 0;
}

static void relay_input(struct pollfd *serial, int *to)
{
	unsigned char raw[4096], plain[4096];
	size_t used;
	ssize_t n = read(serial->fd, raw, sizeof raw);
	int ended = n <= 0 || decode(raw, n, plain, &used);
	if (*to >= 0 && n > 0 && used && write(*to, plain, used) < 0 && errno == EPIPE)
		ended = 1;
	if (ended) {
		close(*to);
		*to = -1;
		serial->fd = -1;
	}
}

/* Reaps whoever ended; true when the job itself is among them. */
static int reap(pid_t job, int *status)
{
	int st, done = 0;
	for (pid_t pid; (pid = waitpid(-1, &st, WNOHANG)) > 0;)
		if (pid == job) {
			*status = st;
			done = 1;
		}
	return done;
}

int main(void)
{
	int in[2], out[2], err[2], status = 0;
	sigset_t set, old;
	if (iopl(3) < 0)
		power_off();
	mount_all();
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		give_up("pipe");
	struct pollfd streams[STREAMS] = {
		[SERIAL] = {open_serial(), POLLIN, 0},
		[OUT] = {out[0], POLLIN, 0},
		[ERR] = {err[0], POLLIN, 0},
		[CHILD] = {signalfd(-1, &set, SFD_CLOEXEC), POLLIN, 0},
	};
	control("ready\n");
	pid_t job = fork();
	if (job == 0) {
		int links[3] = {in[0], out[1], err[1]};
		signal(SIGPIPE, SIG_DFL);
		iopl(0);
		run_job(links, &old);
	}
	close(in[0]);
	for (int done = 0; !done;) {
		if (poll(streams, STREAMS, -1) < 0)
			continue;
		if (streams[OUT].revents)
			relay(out[0], PORT_OUT);
		if (streams[ERR].revents)
			relay(err[0], PORT_ERR);
		if (streams[SERIAL].revents)
			relay_input(&streams[SERIAL], &in[1]);
		if (streams[CHILD].revents) {
			struct signalfd_siginfo info;
			if (read(streams[CHILD].fd, &info, sizeof info) > 0)
				done = reap(job, &status);
		}
	}
	/* What the job wrote before its end may still be in the pipes. */
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	while (relay(out[0], PORT_OUT))
		;
	while (relay(err[0], PORT_ERR))
		;
	char text[32];
	if (WIFSIGNALED(status))
		snprintf(text, sizeof text, "signal %d\n", WTERMSIG(status));
	else
		snprintf(text, sizeof text, "exit %d\n", WEXITSTATUS(status));
	control(text);
	power_off();
}
