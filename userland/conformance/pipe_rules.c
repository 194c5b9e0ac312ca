#include "test.h"
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

static long number_in(const char *path)
{
	return atol(get_file(path));
}

TEST("pipe(7) and fifo(7): what a pipe is to stat, /proc and other calls; limits on capacities; opening FIFOs")
{
	int fds[2], more[2];
	char b[64], link[64], path[64];
	struct stat st, st2;
	need(pipe(fds));
	/* To stat: a FIFO without a size or a name, the same at both ends, its own for each pipe. */
	ok(fstat(fds[0], &st));
	ok(fstat(fds[1], &st2));
	is(S_ISFIFO(st.st_mode), 1);
	is(st.st_mode & 0777, 0600);
	is(st.st_size, 0);
	is(st.st_nlink, 1);
	is(st.st_ino == st2.st_ino && st.st_dev == st2.st_dev, 1);
	need(pipe(more));
	ok(fstat(more[0], &st2));
	is(st.st_ino == st2.st_ino, 0);
	need(write(fds[1], "abc", 3));
	ok(fstat(fds[0], &st));
	is(st.st_size, 0);
	/* Its name in /proc, by which it can be opened again, either way. */
	sprintf(path, "/proc/self/fd/%d", fds[0]);
	ssize_t n = readlink(path, link, sizeof link - 1);
	link[n > 0 ? n : 0] = 0;
	sprintf(b, "pipe:[%lu]", (unsigned long)st.st_ino);
	is(strcmp(link, b), 0);
	int again = (int)ok(open(path, O_WRONLY | O_NONBLOCK));
	is(write(again, "def", 3), 3);
	is(read(fds[0], b, 64), 6);
	close(again);
	/* Calls that pipes do not know. */
	fails(ftruncate(fds[1], 0), EINVAL);
	fails(fsync(fds[1]), EINVAL);
	fails(lseek(fds[1], 0, SEEK_END), ESPIPE);
	fails(pwrite(fds[1], "x", 1, 0), ESPIPE);
	holds(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fds[0], 0) == MAP_FAILED && errno == ENODEV);
	fails(posix_fallocate(fds[1], 0, 1) ? (errno = posix_fallocate(fds[1], 0, 1), -1) : 0, ESPIPE);
	fails(fchdir(fds[0]), ENOTDIR);
	ok(flock(fds[0], LOCK_EX));
	fails(openat(fds[0], "x", O_RDONLY), ENOTDIR);
	ok(fchmod(fds[0], 0640));
	ok(fstat(fds[1], &st));
	is(st.st_mode & 0777, 0640);
	ok(fchown(fds[1], 5, 6));
	ok(fstat(fds[0], &st));
	is(st.st_uid, 5);
	is(st.st_gid, 6);
	struct statfs fs;
	ok(fstatfs(fds[0], &fs));
	is(fs.f_type, 0x50495045 /* PIPEFS_MAGIC */);
	is(fpathconf(fds[0], _PC_PIPE_BUF), PIPE_BUF);
	/* Zero bytes: nothing happens, whoever is there. */
	is(write(fds[1], NULL, 0), 0);
	is(read(fds[0], NULL, 0), 0);
	/* Flags of pipe2: none but these. */
	fails(pipe2(more, O_APPEND), EINVAL);
	fails(pipe2(more, O_RDWR), EINVAL);
	/* No descriptor left: nothing is made. */
	CHILD({
		int last = dup(0);
		close(last);
		struct rlimit limit = {(rlim_t)last + 1, (rlim_t)last + 1};
		need(setrlimit(RLIMIT_NOFILE, &limit));
		fails(pipe(more), EMFILE);
		is(dup(0), last);
	});
	/* The limits of capacities. */
	is(number_in("/proc/sys/fs/pipe-max-size"), 1048576);
	is(fcntl(fds[0], F_SETPIPE_SZ, 4096 * 3), 16384);
	is(fcntl(fds[1], F_GETPIPE_SZ), 16384);
	fails(fcntl(fds[0], F_SETPIPE_SZ, -1), EINVAL);
	/* FIOASYNC, FIONBIO. */
	int on = 1;
	ok(ioctl(fds[0], FIONBIO, &on));
	fails(read(fds[0], b, 1), EAGAIN);
	on = 0;
	ok(ioctl(fds[0], FIONBIO, &on));
	is(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
	fails(ioctl(fds[0], TCGETS, b), ENOTTY);
	/* FIFOs: who waits for whom, and who does not. */
	need(mkfifo("f", 0600));
	fails(mkfifo("f", 0600), EEXIST);
	fails(open("f", O_WRONLY | O_NONBLOCK), ENXIO);
	int r = (int)ok(open("f", O_RDONLY | O_NONBLOCK));
	is(read(r, b, 1), 0);
	int w = (int)ok(open("f", O_WRONLY | O_NONBLOCK));
	fails(read(r, b, 1), EAGAIN);
	is(write(w, "x", 1), 1);
	/* Two names are one pipe; what is in it is lost with the last descriptor. */
	need(linkat(AT_FDCWD, "f", AT_FDCWD, "g", 0));
	int g = (int)ok(open("g", O_RDONLY | O_NONBLOCK));
	is(read(g, b, 1), 1);
	is(write(w, "lost", 4), 4);
	close(r);
	close(g);
	close(w);
	int both = (int)ok(open("f", O_RDWR | O_NONBLOCK));
	fails(read(both, b, 1), EAGAIN);
	is(write(both, "y", 1), 1);
	is(read(both, b, 2), 1);
	is(fcntl(both, F_SETPIPE_SZ, 4096), 4096);
	is(fcntl(both, F_GETPIPE_SZ), 4096);
	/* O_TRUNC and O_APPEND mean nothing, O_DIRECTORY does; a FIFO has its permissions. */
	w = (int)ok(open("f", O_WRONLY | O_TRUNC | O_APPEND));
	is(write(w, "z", 1), 1);
	is(read(both, b, 2), 1);
	fails(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHILD({
		become(1000);
		fails(open("f", O_RDONLY | O_NONBLOCK), EACCES);
	});
	/* Capacity is the pipe's: a FIFO that nobody has open begins anew. */
	close(both);
	close(w);
	both = (int)ok(open("f", O_RDWR));
	is(fcntl(both, F_GETPIPE_SZ), 65536);
}
