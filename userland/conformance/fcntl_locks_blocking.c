#include "test.h"
static int fd;
static volatile int alarms;
static void on_alarm(int sig) { alarms++; }
static int lock(int command, short type, off_t start, off_t length)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
	return fcntl(fd, command, &l);
}

TEST("fcntl F_SETLKW: waiting, EINTR, deadlock detection, locks and fork")
{
	fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	struct gate locked = new_gate(), go = new_gate();
	pid_t pid, other;
	SPAWN(pid, {
		ok(lock(F_SETLK, F_WRLCK, 0, 10));
		pass_gate(locked);
		wait_gate(go);
	});
	wait_gate(locked);
	fails(lock(F_SETLK, F_WRLCK, 5, 10), EAGAIN);
	SPAWN(other, ok(lock(F_SETLKW, F_WRLCK, 5, 10)));
	holds(await_state(other, 'S'));
	struct sigaction sa = {.sa_handler = on_alarm};
	need(sigaction(SIGALRM, &sa, NULL));
	struct itimerval timer = {{0, 0}, {0, 20000}};
	need(setitimer(ITIMER_REAL, &timer, NULL));
	fails(lock(F_SETLKW, F_WRLCK, 0, 1), EINTR);
	is(alarms, 1);
	pass_gate(go);
	ends(pid, "exit 0");
	ends(other, "exit 0");
	/* Not inherited by fork. */
	ok(lock(F_SETLK, F_WRLCK, 0, 10));
	CHILD(fails(lock(F_SETLK, F_RDLCK, 0, 1), EAGAIN));
	/* Each waits for the other: the second one is told. */
	SPAWN(pid, {
		need(lock(F_SETLK, F_WRLCK, 20, 10));
		pass_gate(locked);
		ok(lock(F_SETLKW, F_WRLCK, 0, 10));
	});
	wait_gate(locked);
	holds(await_state(pid, 'S'));
	fails(lock(F_SETLKW, F_WRLCK, 20, 10), EDEADLK);
	ok(lock(F_SETLK, F_UNLCK, 0, 0));
	ends(pid, "exit 0");
	/* Kept over exec and gone at exit: the next one has it at once. */
	ok(lock(F_SETLK, F_WRLCK, 0, 0));
}
