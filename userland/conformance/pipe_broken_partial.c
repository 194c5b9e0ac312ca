#include "test.h"
#include "unix.h"
#include <sys/sendfile.h>

static volatile int calls;
static void handler(int sig) { calls += sig == SIGPIPE; }

static char block[300000];

/* In a child that writes more than fits while its reader goes: the bytes that went, and the signal or none. */
#define WRITER(fds, wanted, signals, call)                                                              \
	do {                                                                                            \
		pid_t pid;                                                                              \
		SPAWN(pid, {                                                                            \
			close((fds)[0]);                                                                \
			signal(SIGPIPE, handler);                                                       \
			is(call, wanted);                                                               \
			is(calls, signals);                                                             \
		});                                                                                     \
		holds(await_state(pid, 'S'));                                                           \
		close((fds)[0]);                                                                        \
		ends(pid, "exit 0");                                                                    \
		close((fds)[1]);                                                                        \
	} while (0)

TEST("a reader that goes in the midst of a write: the partial count, and SIGPIPE from a pipe though not from a socket")
{
	int fds[2];
	pid_t pid;
	need(pipe(fds));
	WRITER(fds, 65536, 1, write(fds[1], block, sizeof block));
	/* By default the signal ends the writer, whatever was written. */
	need(pipe(fds));
	SPAWN(pid, {
		close(fds[0]);
		write(fds[1], block, sizeof block);
		note("never said");
	});
	holds(await_state(pid, 'S'));
	close(fds[0]);
	ends(pid, "signal SIGPIPE");
	close(fds[1]);
	struct iovec v[3] = {{block, 50000}, {block, 50000}, {block, 50000}};
	need(pipe(fds));
	WRITER(fds, 61440 + 4096, 1, writev(fds[1], v, 3));
	need(pipe(fds));
	need(fcntl(fds[0], F_SETPIPE_SZ, 4096));
	WRITER(fds, 4096, 1, write(fds[1], block, 4097));
	need(pipe2(fds, O_DIRECT));
	WRITER(fds, 65536, 1, write(fds[1], block, 70000));
	/* Nothing was written: EPIPE and the signal. */
	need(pipe(fds));
	need(write(fds[1], block, 65536));
	WRITER(fds, -1, 1, write(fds[1], block, 10));
	need(mkfifo("fifo", 0600));
	fds[0] = (int)need(open("fifo", O_RDONLY | O_NONBLOCK));
	fds[1] = (int)need(open("fifo", O_WRONLY));
	WRITER(fds, 65536, 1, write(fds[1], block, 100000));
	/* Without room for more and O_NONBLOCK there is no wait, and no signal for what was written before. */
	need(pipe2(fds, O_NONBLOCK));
	signal(SIGPIPE, handler);
	is(write(fds[1], block, sizeof block), 65536);
	is(calls, 0);
	close(fds[0]);
	fails(write(fds[1], block, 1), EPIPE);
	is(calls, 1);
	calls = 0;
	close(fds[1]);
	/* From memory, from a file, from another pipe. */
	need(pipe(fds));
	need(write(fds[1], block, 65536));
	v[0].iov_len = 100000;
	WRITER(fds, -1, 1, vmsplice(fds[1], v, 1, 0));
	int file = (int)need(open("file", O_RDWR | O_CREAT, 0600));
	need(write(file, block, sizeof block));
	off_t at = 0;
	need(pipe(fds));
	need(write(fds[1], block, 65536));
	WRITER(fds, -1, 1, sendfile(fds[1], file, &at, sizeof block));
	at = 0;
	int from[2];
	need(pipe(from));
	need(pipe(fds));
	need(write(fds[1], block, 65536));
	need(write(from[1], block, 100));
	WRITER(fds, -1, 1, splice(from[0], NULL, fds[1], NULL, 100, 0));
	need(pipe(fds));
	need(write(fds[1], block, 65536));
	WRITER(fds, -1, 1, splice(file, &at, fds[1], NULL, 100, 0));
	/* A socket: the signal only if nothing went. */
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	SPAWN(pid, {
		close(fds[0]);
		signal(SIGPIPE, handler);
		ssize_t n = write(fds[1], block, sizeof block);
		holds(n > 0 && n < (ssize_t)sizeof block);
		is(calls, 0);
		fails(write(fds[1], block, 1), EPIPE);
		is(calls, 1);
	});
	holds(await_state(pid, 'S'));
	close(fds[0]);
	ends(pid, "exit 0");
}
