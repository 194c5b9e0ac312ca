#include "test.h"
static int fd;

static struct flock region(short type, off_t start, off_t length)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}
static int lock(short type, off_t start, off_t length)
{
	struct flock l = region(type, start, length);
	return fcntl(fd, F_SETLK, &l);
}
/* What another process sees there. */
static const char *seen(short type, off_t start, off_t length)
{
	static char text[64];
	int answer[2];
	need(pipe(answer));
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		struct flock l = region(type, start, length);
		memset(text, 0, sizeof text);
		if (fcntl(fd, F_GETLK, &l) < 0)
			strcpy(text, errno_name(errno));
		else if (l.l_type == F_UNLCK)
			strcpy(text, "free");
		else
			snprintf(text, sizeof text, "%s %ld+%ld %s", l.l_type == F_WRLCK ? "write" : "read", (long)l.l_start,
				 (long)l.l_len, l.l_pid == parent ? "parent" : "other");
		need(write(answer[1], text, sizeof text));
		_exit(0);
	}
	need(read(answer[0], text, sizeof text));
	waitpid(pid, NULL, 0);
	close(answer[0]);
	close(answer[1]);
	return text;
}

TEST("fcntl record locks: ranges, splitting, joining, closing")
{
	fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	ok(lock(F_WRLCK, 100, 100));
	text_is(seen(F_RDLCK, 0, 0), "write 100+100 parent");
	text_is(seen(F_RDLCK, 0, 100), "free");
	text_is(seen(F_WRLCK, 200, 1), "free");
	text_is(seen(F_WRLCK, 199, 1), "write 100+100 parent");
	/* Splitting in the middle, and changing the type of a part. */
	ok(lock(F_UNLCK, 140, 20));
	text_is(seen(F_WRLCK, 0, 0), "write 100+40 parent");
	text_is(seen(F_WRLCK, 150, 0), "write 160+40 parent");
	ok(lock(F_RDLCK, 110, 10));
	text_is(seen(F_WRLCK, 0, 0), "write 100+10 parent");
	text_is(seen(F_WRLCK, 110, 5), "read 110+10 parent");
	text_is(seen(F_RDLCK, 110, 5), "free");
	/* Joining again. */
	ok(lock(F_WRLCK, 110, 60));
	text_is(seen(F_WRLCK, 0, 0), "write 100+100 parent");
	/* To the end of the file and beyond. */
	ok(lock(F_UNLCK, 0, 0));
	text_is(seen(F_WRLCK, 0, 0), "free");
	ok(lock(F_RDLCK, 50, 0));
	text_is(seen(F_WRLCK, 1L << 40, 1), "read 50+0 parent");
	/* Negative lengths count backwards. */
	ok(lock(F_UNLCK, 0, 0));
	ok(lock(F_WRLCK, 100, -10));
	text_is(seen(F_WRLCK, 0, 0), "write 90+10 parent");
	fails(lock(F_WRLCK, 5, -10), EINVAL);
	fails(lock(F_WRLCK, -1, 1), EINVAL);
	fails(lock(7, 0, 1), EINVAL);
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -5, .l_len = 5};
	fails(fcntl(fd, F_SETLK, &l), EINVAL);
	need(ftruncate(fd, 300));
	ok(fcntl(fd, F_SETLK, &l));
	text_is(seen(F_WRLCK, 290, 0), "write 295+5 parent");
	/* Own locks are not in the own way. */
	l = region(F_WRLCK, 0, 0);
	ok(fcntl(fd, F_GETLK, &l));
	is(l.l_type, F_UNLCK);
	/* Closing any descriptor of the file drops all locks of the process. */
	close((int)need(open("f", O_RDONLY)));
	text_is(seen(F_WRLCK, 0, 0), "free");
	int ro = (int)need(open("f", O_RDONLY));
	l = region(F_WRLCK, 0, 1);
	fails(fcntl(ro, F_SETLK, &l), EBADF);
	l = region(F_UNLCK, 0, 1);
	fails(fcntl(ro, F_GETLK, &l), EINVAL);
	fails(fcntl(fd, F_SETLK, (void *)8), EFAULT);
}
