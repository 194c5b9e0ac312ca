#include "test.h"
#include <sys/ioctl.h>

static int fill(int fd, const char *data, size_t size, int most)
{
	int n = 0;
	while (n < most && write(fd, data, size) == (ssize_t)size)
		n++;
	return n;
}

TEST("pipe capacity: small writes share pages, what fits where, F_SETPIPE_SZ and its errors, FIONREAD")
{
	int fds[2], left, n;
	static char block[70000], in[70000];
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)(i * 5 + i / 4096);
	need(pipe2(fds, O_NONBLOCK));
	/* One byte at a time fills it to the last. */
	for (n = 0; n < 65536 && write(fds[1], &block[n], 1) == 1; n++)
		;
	is(n, 65536);
	fails(write(fds[1], "x", 1), EAGAIN);
	ok(ioctl(fds[0], FIONREAD, &left));
	is(left, 65536);
	ok(ioctl(fds[1], FIONREAD, &left));
	is(left, 65536);
	is(read(fds[0], in, sizeof in), 65536);
	is(memcmp(in, block, 65536), 0);
	/* Sizes that do not divide a page leave its rest unused: a write is in one page or takes new ones. */
	n = fill(fds[1], block, 100, 1000);
	is(n, 640);
	while (read(fds[0], in, sizeof in) > 0)
		;
	n = fill(fds[1], block, 3000, 1000);
	is(n, 16);
	while (read(fds[0], in, sizeof in) > 0)
		;
	n = fill(fds[1], block, 5000, 1000);
	note("writes of 5000: %d", n);
	ok(ioctl(fds[0], FIONREAD, &left));
	note("bytes: %d", left);
	while (read(fds[0], in, sizeof in) > 0)
		;
	/* 56 and 57 bytes, then more of them, read in other pieces. */
	for (int size = 50; size <= 60; size++) {
		is(write(fds[1], block, (size_t)size), size);
		is(write(fds[1], block + size, 3), 3);
		is(read(fds[0], in, 10), 10);
		is(write(fds[1], block + size + 3, 100), 100);
		is(read(fds[0], in + 10, 1000), size + 93);
		is(memcmp(in, block, (size_t)size + 103), 0);
	}
	/* What was read from a page does not make room in it. */
	is(write(fds[1], block, 4000), 4000);
	is(read(fds[0], in, 3999), 3999);
	is(write(fds[1], block, 96), 96);
	is(write(fds[1], block, 61440), 61440);
	fails(write(fds[1], block, 1), EAGAIN);
	is(read(fds[0], in, 96), 96);
	fails(write(fds[1], block, 1), EAGAIN);
	is(read(fds[0], in, 1), 1);
	is(write(fds[1], block, 1), 1);
	/* Other capacities. */
	while (read(fds[0], in, sizeof in) > 0)
		;
	is(fcntl(fds[1], F_SETPIPE_SZ, 0), 4096);
	is(fill(fds[1], "x", 1, 100000), 4096);
	is(fcntl(fds[1], F_SETPIPE_SZ, 12288), 16384);
	is(fill(fds[1], "x", 1, 100000), 12288);
	fails(fcntl(fds[1], F_SETPIPE_SZ, 8192), EBUSY);
	is(fcntl(fds[1], F_GETPIPE_SZ), 16384);
	is(read(fds[0], in, 8192), 8192);
	is(fcntl(fds[0], F_SETPIPE_SZ, 8192), 8192);
	fails(write(fds[1], "x", 1), EAGAIN);
	is(fcntl(fds[0], F_SETPIPE_SZ, 1048576), 1048576);
	is(fill(fds[1], block, 65536, 100), 15);
	fails(fcntl(fds[0], F_SETPIPE_SZ, 0x80000001u), EINVAL);
	CHILD({
		become(1000);
		fails(fcntl(fds[0], F_SETPIPE_SZ, 1048577), EPERM);
		fails(fcntl(fds[0], F_SETPIPE_SZ, 4096), EBUSY);
		int own[2];
		need(pipe(own));
		is(fcntl(own[0], F_SETPIPE_SZ, 1048576), 1048576);
		fails(fcntl(own[0], F_SETPIPE_SZ, 2097152), EPERM);
	});
	is(fcntl(fds[0], F_SETPIPE_SZ, 2097152), 2097152);
	fails(lseek(fds[0], 0, SEEK_CUR), ESPIPE);
	fails(pread(fds[0], in, 1, 0), ESPIPE);
	/* A writer that waits goes on when the pipe is made larger. */
	int p[2];
	pid_t pid;
	need(pipe(p));
	need(fcntl(p[0], F_SETPIPE_SZ, 4096));
	SPAWN(pid, is(write(p[1], block, 8192), 8192));
	holds(await_state(pid, 'S'));
	need(fcntl(p[0], F_SETPIPE_SZ, 8192));
	ends(pid, "exit 0");
	is(read(p[0], in, sizeof in), 8192);
	is(memcmp(in, block, 8192), 0);
}
