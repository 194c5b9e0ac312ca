/* Storms of signals, timers and terminals. */
#ifndef EXO_STORM_SIGNALS_H
#define EXO_STORM_SIGNALS_H

#include "processes.h"
#include "board.h"

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
}

/* ---- timer: timers of all kinds are set, changed, and end with their owners ---- */

static void timer_storm(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGALRM);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	unsigned seed = 17;
	while (going()) {
		struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
		timer_t timer;
		siginfo_t info;
		CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
		struct itimerspec soon = {.it_value.tv_nsec = 1 + random_below(&seed, 2000000)};
		CHECK(timer_settime(timer, 0, &soon, NULL) == 0);
		soon.it_value.tv_nsec = 1 + random_below(&seed, 200000);
		soon.it_interval.tv_nsec = random_below(&seed, 2) ? 300000 : 0;
		CHECK(timer_settime(timer, 0, &soon, NULL) == 0);
		while (sigwaitinfo(&set, &info) < 0)
			CHECK(errno == EINTR);
		CHECK(info.si_signo == SIGRTMIN);
		CHECK(timer_delete(timer) == 0);
		/* What it sent meanwhile. */
		while (sigtimedwait(&set, NULL, &(struct timespec){0}) > 0)
			;
		int clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
		uint64_t expired;
		CHECK(clock >= 0 && timerfd_settime(clock, 0, &soon, NULL) == 0);
		CHECK(read(clock, &expired, sizeof expired) == sizeof expired && expired > 0);
		close(clock);
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			struct itimerval mine = {.it_value.tv_usec = 1 + random_below(&seed, 500)};
			CHECK(timer_create(CLOCK_REALTIME, &event, &timer) == 0);
			CHECK(timer_settime(timer, 0, &soon, NULL) == 0);
			CHECK(setitimer(ITIMER_REAL, &mine, NULL) == 0);
			if (random_below(&seed, 2))
				while (sigwaitinfo(&set, &info) != SIGALRM)
					;
			_exit(0);
		}
		wait_for(pid, 0);
	}
}

/* ---- terminal: jobs on pseudo-terminals are interrupted, stopped and hung up ---- */

static void on_terminal(const char *slave)
{
	char line[32];
	CHECK(setsid() >= 0);
	int fd = open(slave, O_RDWR);
	CHECK(fd >= 0 && ioctl(fd, TIOCSCTTY, 0) == 0);
	CHECK(write(fd, "ready\n", 6) == 6);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0)
		for (;;)
			pause();
	for (;;)
		if (read(fd, line, sizeof line) <= 0)
			pause();
}

static void terminal_storm(void)
{
	enum { INTERRUPT, QUIT, HANG_UP, WAYS };
	static const char keys[] = {3, 28};
	static const int signals[] = {SIGINT, SIGQUIT, SIGHUP};
	for (unsigned round = 0; going(); round++) {
		unsigned way = round % WAYS;
		char path[64], text[64];
		int status, master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
		CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
		CHECK(ptsname_r(master, path, sizeof path) == 0);
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			close(master);
			on_terminal(path);
		}
		size_t have = 0;
		while (have < 7) {
			ssize_t got = read(master, text + have, sizeof text - have);
			CHECK(got > 0);
			have += (size_t)got;
		}
		CHECK(memcmp(text, "ready\r\n", 7) == 0);
		if (round % 2) {
			CHECK(write(master, "line\n", 5) == 5);
			while (have < 13) {
				ssize_t got = read(master, text + have, sizeof text - have);
				CHECK(got > 0);
				have += (size_t)got;
			}
			CHECK(memcmp(text + 7, "line\r\n", 6) == 0);
		}
		if (way == HANG_UP) {
			close(master);
		} else {
			CHECK(write(master, &keys[way], 1) == 1);
		}
		CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == signals[way]);
		if (way != HANG_UP)
			close(master);
	}
}

#endif
