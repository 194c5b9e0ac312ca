#include "test.h"

static volatile int pipes;
static void on_pipe(int sig) { pipes++; }

TEST("FIFOs: several openers, O_RDWR, what stays and what goes with the last one, permissions, truncation")
{
	char b[64];
	pid_t pid, other;
	signal(SIGPIPE, on_pipe);
	ok(mkfifo("f", 0640));
	/* One writer lets all readers in that wait. */
	SPAWN(pid, is(open("f", O_RDONLY) >= 0, 1));
	SPAWN(other, is(open("f", O_RDONLY) >= 0, 1));
	holds(await_state(pid, 'S'));
	holds(await_state(other, 'S'));
	int w = (int)ok(open("f", O_WRONLY));
	ends(pid, "exit 0");
	ends(other, "exit 0");
	/* Their going away breaks it. */
	fails(write(w, "x", 1), EPIPE);
	is(pipes, 1);
	/* A reader that comes mends it; what is in it stays as long as anybody has it open. */
	int r = (int)ok(open("f", O_RDONLY | O_NONBLOCK));
	is(write(w, "kept", 4), 4);
	close(r);
	r = (int)ok(open("f", O_RDONLY | O_NONBLOCK));
	is(read(r, b, 64), 4);
	is(write(w, "lost", 4), 4);
	close(r);
	close(w);
	r = (int)ok(open("f", O_RDONLY | O_NONBLOCK));
	is(read(r, b, 64), 0);
	close(r);
	/* Both ways in one: never ended, never broken. */
	int both = (int)ok(open("f", O_RDWR | O_NONBLOCK));
	fails(read(both, b, 1), EAGAIN);
	is(write(both, "abc", 3), 3);
	w = (int)ok(open("f", O_WRONLY | O_NONBLOCK));
	close(w);
	is(read(both, b, 64), 3);
	fails(read(both, b, 64), EAGAIN);
	struct pollfd p = {both, POLLIN | POLLOUT, 0};
	is(poll(&p, 1, 0), 1);
	is(p.revents, POLLOUT);
	is(fcntl(both, F_GETPIPE_SZ), 65536);
	is(fcntl(both, F_SETPIPE_SZ, 8192), 8192);
	r = (int)ok(open("f", O_RDONLY));
	is(fcntl(r, F_GETPIPE_SZ), 8192);
	close(both);
	is(read(r, b, 1), 0);
	close(r);
	/* With the last one gone the size is what it was at first. */
	both = (int)ok(open("f", O_RDWR));
	is(fcntl(both, F_GETPIPE_SZ), 65536);
	/* O_TRUNC and O_APPEND mean nothing; a name of its own or another one is the same. */
	is(write(both, "here", 4), 4);
	int t = (int)ok(open("f", O_WRONLY | O_TRUNC | O_APPEND));
	close(t);
	need(link("f", "g"));
	r = (int)ok(open("g", O_RDONLY | O_NONBLOCK));
	is(read(r, b, 64), 4);
	fails(ftruncate(both, 0), EINVAL);
	fails(truncate("f", 0), EINVAL);
	fails(lseek(both, 0, SEEK_SET), ESPIPE);
	fails(fsync(both), EINVAL);
	struct stat one, two;
	need(fstat(r, &one));
	need(stat("f", &two));
	is(one.st_ino == two.st_ino && S_ISFIFO(one.st_mode), 1);
	close(both);
	close(r);
	/* Without the right nobody waits. */
	CHILD({
		become(1000);
		fails(open("f", O_RDONLY), EACCES);
		fails(open("f", O_WRONLY | O_NONBLOCK), EACCES);
	});
	fails(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	int path = (int)ok(open("f", O_PATH));
	fails(read(path, b, 1), EBADF);
	/* Opened again through /proc. */
	char name[64];
	both = (int)ok(open("f", O_RDWR));
	snprintf(name, sizeof name, "/proc/self/fd/%d", both);
	r = (int)need(open(name, O_RDONLY | O_NONBLOCK));
	is(write(both, "proc", 4), 4);
	is(read(r, b, 64), 4);
	int fds[2];
	need(pipe(fds));
	snprintf(name, sizeof name, "/proc/self/fd/%d", fds[0]);
	w = (int)need(open(name, O_WRONLY));
	is(write(w, "pipe", 4), 4);
	is(read(fds[0], b, 64), 4);
}
