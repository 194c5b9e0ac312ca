/*
 * Helpers of the hostile programs.
 *
 * Each does to the kernel what a broken or malicious program would do, mostly in children that may
 * die of it, and says at its end that it is alive. What is printed is the same on Linux and on Exo-OS.
 */
#ifndef EXO_HOSTILE_H
#define EXO_HOSTILE_H

#include "test.h"

/* Proves that processes, memory, files and pipes still work. */
static UNUSED void still_alive(void)
{
	int fds[2], status = -1;
	char byte = 0;
	char *page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need((long)page);
	memset(page, 1, 1 << 20);
	need(munmap(page, 1 << 20));
	need(pipe(fds));
	pid_t pid = (pid_t)need(fork());
	if (pid == 0) {
		need(write(fds[1], "!", 1));
		_exit(42);
	}
	need(waitpid(pid, &status, 0));
	need(read(fds[0], &byte, 1));
	close(fds[0]);
	close(fds[1]);
	put_file("alive", "alive");
	int good = byte == '!' && WIFEXITED(status) && WEXITSTATUS(status) == 42 && !strcmp(get_file("alive"), "alive");
	unlink("alive");
	holds(good);
	note("alive");
}

/* Runs `body` in a child of its own with a time limit; the wait status, or -1 when it was too slow. */
static UNUSED int run_guarded(void (*body)(void *), void *arg, int milliseconds)
{
	sigset_t child, before;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		setpgid(0, 0);
		body(arg);
		_exit(0);
	}
	setpgid(pid, pid);
	int status = -1;
	long end = now_ms() + milliseconds, left;
	while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0)
		if ((left = end - now_ms()) > 0) {
			sigtimedwait(&child, NULL, &(struct timespec){left / 1000, left % 1000 * 1000000});
		} else {
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			status = -1;
			break;
		}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid > 0 ? status : -1;
}

#endif
