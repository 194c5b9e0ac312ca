#include "test.h"
#include <sys/sem.h>

static int id;

static int op(int num, int change, int flags)
{
	struct sembuf one = {num, change, flags};
	return semop(id, &one, 1);
}
static int value(int num) { return semctl(id, num, GETVAL); }
static void on_alarm(int sig) { (void)sig; }

TEST("semop: values, limits, all or nothing, arguments")
{
	need(id = semget(IPC_PRIVATE, 4, 0600));
	ok(op(0, 5, 0));
	ok(op(0, -2, 0));
	is(value(0), 3);
	fails(op(0, -4, IPC_NOWAIT), EAGAIN);
	fails(op(0, 0, IPC_NOWAIT), EAGAIN);
	ok(op(1, 0, IPC_NOWAIT));
	is(semctl(id, 0, GETPID) == getpid(), 1);
	is(semctl(id, 1, GETPID) == getpid(), 1);
	is(semctl(id, 2, GETPID), 0);
	ok(op(2, 32767, 0));
	fails(op(2, 1, 0), ERANGE);
	is(value(2), 32767);
	fails(op(4, 1, 0), EFBIG);
	fails(op(65535, 0, IPC_NOWAIT), EFBIG);

	struct sembuf both[] = {{0, -3, 0}, {1, -1, IPC_NOWAIT}};
	fails(semop(id, both, 2), EAGAIN);
	is(value(0), 3);
	struct sembuf chain[] = {{1, 2, 0}, {1, -2, 0}, {1, 0, 0}, {3, 7, 0}};
	ok(semop(id, chain, 4));
	is(value(1), 0);
	is(value(3), 7);
	struct sembuf late[] = {{0, 1, 0}, {0, 1, 0}, {2, 1, 0}};
	fails(semop(id, late, 3), ERANGE);
	is(value(0), 3);
	struct sembuf zero_first[] = {{1, 0, IPC_NOWAIT}, {1, 1, 0}};
	ok(semop(id, zero_first, 2));
	fails(semop(id, zero_first, 2), EAGAIN);
	is(value(1), 1);

	static struct sembuf many[501];
	for (int i = 0; i < 501; i++)
		many[i] = (struct sembuf){3, i % 2 ? -1 : 1, IPC_NOWAIT};
	ok(semop(id, many, 500));
	is(value(3), 7);
	fails(semop(id, many, 501), E2BIG);
	fails(semop(id, many, 0), EINVAL);
	fails(semop(-1, many, 1), EINVAL);
	fails(semop(1 << 30, many, 1), EINVAL);
	fails(semop(id, NULL, 1), EFAULT);
	fails(semop(id, (void *)-4096, 1), EFAULT);

	struct timespec t = {0, 20000000};
	long before = now_ms();
	struct sembuf wait = {0, -100, 0};
	fails(semtimedop(id, &wait, 1, &t), EAGAIN);
	holds(now_ms() - before >= 20);
	t.tv_nsec = 1000000000;
	fails(semtimedop(id, &wait, 1, &t), EINVAL);
	t = (struct timespec){-1, 0};
	fails(semtimedop(id, &wait, 1, &t), EINVAL);
	fails(semtimedop(id, &wait, 1, (void *)1), EFAULT);
	t = (struct timespec){0, 0};
	fails(semtimedop(id, &wait, 1, &t), EAGAIN);
	wait.sem_op = -1;
	ok(semtimedop(id, &wait, 1, &t));
	is(value(0), 2);

	/* A signal handler ends the wait, SA_RESTART or not. */
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &sa, NULL);
	struct itimerval timer = {{0, 0}, {0, 20000}};
	setitimer(ITIMER_REAL, &timer, NULL);
	fails(op(0, -100, 0), EINTR);
	is(semctl(id, 0, GETNCNT), 0);
	ok(semctl(id, 0, IPC_RMID));
	fails(op(0, 1, 0), EINVAL);
}
