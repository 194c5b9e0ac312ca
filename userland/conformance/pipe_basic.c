#include "test.h"
TEST("pipe: data, end of file, EBADF on the wrong end, order")
{
	int fds[2];
	char buffer[64] = "";
	ok(pipe(fds));
	is(write(fds[1], "abc", 3), 3);
	is(write(fds[1], "defg", 4), 4);
	is(read(fds[0], buffer, 5), 5);
	text_is(buffer, "abcde");
	is(read(fds[0], buffer, 64), 2);
	fails(read(fds[1], buffer, 1), EBADF);
	fails(write(fds[0], buffer, 1), EBADF);
	is(write(fds[1], "last", 4), 4);
	close(fds[1]);
	is(read(fds[0], buffer, 64), 4);
	is(read(fds[0], buffer, 64), 0);
	is(read(fds[0], buffer, 64), 0);
	close(fds[0]);
	fails(pipe2(fds, 0x1), EINVAL);
	fails(syscall(SYS_pipe, (int *)8), EFAULT);
	ok(pipe2(fds, O_CLOEXEC | O_NONBLOCK));
	is(fcntl(fds[0], F_GETFD) & fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	is(fcntl(fds[0], F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_NONBLOCK | O_RDONLY);
	is(fcntl(fds[1], F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_NONBLOCK | O_WRONLY);
	fails(read(fds[0], buffer, 1), EAGAIN);
	fails(read(fds[0], (void *)8, 1), EAGAIN);
	is(write(fds[1], "x", 1), 1);
	fails(read(fds[0], (void *)8, 1), EFAULT);
	is(read(fds[0], buffer, 1), 1);
	int left = -1;
	need(write(fds[1], "12345", 5));
	ok(ioctl(fds[0], FIONREAD, &left));
	is(left, 5);
	/* A large transfer between two processes arrives whole. */
	ok(pipe(fds));
	pid_t pid;
	SPAWN(pid, {
		close(fds[0]);
		static unsigned char block[100000];
		for (int i = 0; i < 10; i++) {
			memset(block, i, sizeof block);
			is(write(fds[1], block, sizeof block), 100000);
		}
	});
	close(fds[1]);
	static unsigned char in[70000];
	long total = 0, sum = 0;
	ssize_t n;
	while ((n = read(fds[0], in, sizeof in)) > 0) {
		total += n;
		for (ssize_t i = 0; i < n; i++)
			sum += in[i];
	}
	is(total, 1000000);
	is(sum, 4500000);
	ends(pid, "exit 0");
}
