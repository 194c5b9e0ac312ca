#include "test.h"
TEST("pipe: capacity, F_SETPIPE_SZ, PIPE_BUF atomicity, partial writes")
{
	int fds[2];
	static char block[200000];
	need(pipe2(fds, O_NONBLOCK));
	is(fcntl(fds[0], F_GETPIPE_SZ), 65536);
	is(write(fds[1], block, sizeof block), 65536);
	fails(write(fds[1], block, 1), EAGAIN);
	is(read(fds[0], block, 4095), 4095);
	/* Up to PIPE_BUF all or nothing. */
	fails(write(fds[1], block, 4096), EAGAIN);
	is(read(fds[0], block, 1), 1);
	is(write(fds[1], block, 4096), 4096);
	fails(write(fds[1], block, 1), EAGAIN);
	is(read(fds[0], block, 10000), 10000);
	holds(write(fds[1], block, 20000) >= 4096);
	while (read(fds[0], block, sizeof block) > 0)
		;
	is(fcntl(fds[0], F_SETPIPE_SZ, 4096), 4096);
	is(write(fds[1], block, 10000), 4096);
	/* Above the system's limit only for the privileged. */
	CHILD({
		become(1000);
		fails(fcntl(fds[0], F_SETPIPE_SZ, 100000000), EPERM);
	});
	is(read(fds[0], block, 4096), 4096);
	is(fcntl(fds[1], F_SETPIPE_SZ, 5000), 8192);
	is(fcntl(fds[1], F_SETPIPE_SZ, 100), 4096);
	is(fcntl(fds[1], F_SETPIPE_SZ, 65536), 65536);
	need(write(fds[1], block, 20000));
	fails(fcntl(fds[1], F_SETPIPE_SZ, 4096), EBUSY);
	int file = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	fails(fcntl(file, F_GETPIPE_SZ), EBADF);
}
