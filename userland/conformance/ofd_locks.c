#include "test.h"
#ifndef F_OFD_GETLK
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38
#endif

static int lock(int fd, int command, short type, off_t start, off_t length)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
	return fcntl(fd, command, &l);
}

TEST("open file description locks: owned by the open file, against each other and record locks")
{
	int a = (int)need(open("f", O_RDWR | O_CREAT, 0644)), b = (int)need(open("f", O_RDWR)), twin = dup(a);
	ok(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	fails(lock(b, F_OFD_SETLK, F_WRLCK, 5, 10), EAGAIN);
	fails(lock(b, F_OFD_SETLK, F_RDLCK, 5, 10), EAGAIN);
	ok(lock(twin, F_OFD_SETLK, F_WRLCK, 5, 10));
	ok(lock(b, F_OFD_SETLK, F_WRLCK, 20, 10));
	/* In one process a record lock conflicts with it, too. */
	fails(lock(b, F_SETLK, F_WRLCK, 0, 1), EAGAIN);
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	ok(fcntl(b, F_OFD_GETLK, &l));
	is(l.l_type, F_WRLCK);
	is(l.l_pid, -1);
	is(l.l_start, 0);
	is(l.l_len, 15);
	/* Closing another descriptor of the file drops nothing. */
	close((int)need(open("f", O_RDONLY)));
	fails(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN);
	/* A child shares the open file and the lock. */
	CHILD(ok(lock(a, F_OFD_SETLK, F_UNLCK, 0, 5)));
	ok(lock(b, F_OFD_SETLK, F_WRLCK, 0, 5));
	close(a);
	fails(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN);
	close(twin);
	ok(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1));
	l = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_pid = 1};
	fails(fcntl(b, F_OFD_SETLK, &l), EINVAL);
}
