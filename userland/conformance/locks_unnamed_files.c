#include "test.h"
#include <sys/file.h>

static struct flock whole(short type)
{
	return (struct flock){.l_type = type};
}

static int lock(int fd, int how, short type)
{
	struct flock l = whole(type);
	return fcntl(fd, how, &l);
}

/* Whether another process could lock it now. */
static int is_free(int fd)
{
	CHILD({
		errno = 0;
		int result = lock(fd, F_SETLK, F_WRLCK);
		note("%s", result == 0 ? "free" : errno_name(errno));
	});
	return 1;
}

static void go_through(int fd, const char *what)
{
	note("%s", what);
	/* Who ends gives up its locks, and who waits for them gets them. */
	CHILD(ok(lock(fd, F_SETLK, F_WRLCK)));
	is_free(fd);
	pid_t waiter;
	ok(lock(fd, F_SETLK, F_WRLCK));
	SPAWN(waiter, ok(lock(fd, F_SETLKW, F_WRLCK)));
	holds(await_state(waiter, 'S'));
	/* So does who closes any descriptor of it. */
	close((int)need(dup(fd)));
	ends(waiter, "exit 0");
	is_free(fd);
	ok(lock(fd, F_SETLK, F_WRLCK));
	is_free(fd);
	ok(lock(fd, F_SETLK, F_UNLCK));
	is_free(fd);
}

/* The same file, opened once more. */
static int again(int fd)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return (int)need(open(path, O_RDWR));
}

TEST("locks on files without a name go with their owners")
{
	int fd = (int)need(memfd_create("x", 0));
	go_through(fd, "memfd_create");
	int other = again(fd);
	ok(flock(other, LOCK_EX));
	fails(flock(fd, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	close(other);
	ok(flock(fd, LOCK_EX | LOCK_NB));
	ok(flock(fd, LOCK_UN));
	other = again(fd);
	ok(lock(other, F_OFD_SETLK, F_WRLCK));
	fails(lock(fd, F_OFD_SETLK, F_WRLCK), EAGAIN);
	close(other);
	ok(lock(fd, F_OFD_SETLK, F_WRLCK));
	close(fd);

	fd = (int)need(open(".", O_TMPFILE | O_RDWR, 0600));
	go_through(fd, "O_TMPFILE");
	close(fd);

	fd = (int)need(open("f", O_RDWR | O_CREAT, 0600));
	need(unlink("f"));
	go_through(fd, "unlinked");
	close(fd);
}
