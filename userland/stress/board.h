/* What all storms share: the board that shows how far each is, checks, waiting for children. */
#ifndef EXO_STORM_BOARD_H
#define EXO_STORM_BOARD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

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

static _Noreturn void die(const char *what)
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

static void begin_thread(pthread_t *thread, void *(*run)(void *), uintptr_t argument)
{
	CHECK(pthread_create(thread, NULL, run, (void *)argument) == 0);
}

static void join(pthread_t thread)
{
	CHECK(pthread_join(thread, NULL) == 0);
}

#endif
