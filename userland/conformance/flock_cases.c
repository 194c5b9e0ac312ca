#include "test.h"
#include <sys/file.h>

TEST("flock: shared, exclusive, conversion, inheritance, blocking")
{
	int a = (int)need(open("f", O_RDWR | O_CREAT, 0644)), b = (int)need(open("f", O_RDONLY));
	ok(flock(a, LOCK_EX));
	fails(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	fails(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	ok(flock(a, LOCK_SH));
	ok(flock(b, LOCK_SH | LOCK_NB));
	fails(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	ok(flock(b, LOCK_UN));
	ok(flock(a, LOCK_EX | LOCK_NB));
	ok(flock(a, LOCK_EX | LOCK_NB));
	/* The lock belongs to the open file: copies share it, the last close ends it. */
	int twin = dup(a);
	ok(close(a));
	fails(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	CHILD({
		fails(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
		ok(flock(twin, LOCK_UN));
	});
	ok(flock(b, LOCK_EX | LOCK_NB));
	ok(close(twin));
	fails(flock(b, 0), EINVAL);
	fails(flock(b, 16), EINVAL);
	fails(flock(-1, LOCK_SH), EBADF);
	/* A blocked one gets it when it is let go, and a signal interrupts it. */
	pid_t pid;
	SPAWN(pid, {
		int c = (int)need(open("f", O_RDONLY));
		ok(flock(c, LOCK_EX));
	});
	holds(await_state(pid, 'S'));
	ok(flock(b, LOCK_UN));
	ends(pid, "exit 0");
	ok(flock(b, LOCK_EX));
	SPAWN(pid, {
		int c = (int)need(open("f", O_RDONLY));
		flock(c, LOCK_EX);
	});
	holds(await_state(pid, 'S'));
	need(kill(pid, SIGTERM));
	ends(pid, "signal SIGTERM");
	int path = (int)need(open("f", O_PATH));
	fails(flock(path, LOCK_SH), EBADF);
}
