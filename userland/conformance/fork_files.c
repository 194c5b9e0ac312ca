#include "test.h"
TEST("fork: descriptors are copies, the open files behind them are shared")
{
	put_file("f", "abcdefghij");
	int fd = (int)need(open("f", O_RDWR));
	char c = 0;
	CHILD({
		need(read(fd, &c, 1));
		is(c, 'a');
		need(lseek(fd, 5, SEEK_SET));
		need(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
		need(fcntl(fd, F_SETFD, FD_CLOEXEC));
	});
	is(lseek(fd, 0, SEEK_CUR), 5);
	is(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND | O_NONBLOCK);
	/* The close-on-exec flag belongs to the descriptor. */
	is(fcntl(fd, F_GETFD), 0);
	CHILD(ok(close(fd)));
	is(read(fd, &c, 1), 1);
	is(c, 'f');
	CHILD({
		int other = (int)need(open("f", O_RDONLY));
		ok(dup2(other, fd));
	});
	is(lseek(fd, 0, SEEK_CUR), 6);
	int fds[2];
	need(pipe(fds));
	CHILD({
		close(fds[0]);
		is(write(fds[1], "hello", 5), 5);
	});
	close(fds[1]);
	char text[8] = "";
	is(read(fds[0], text, 8), 5);
	text_is(text, "hello");
	is(read(fds[0], text, 8), 0);
}
