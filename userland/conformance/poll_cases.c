#include "test.h"
TEST("poll: bad descriptors, negative ones, timeouts, limits, files")
{
	int fds[2];
	need(pipe(fds));
	struct pollfd p[3] = {{fds[0], POLLIN, 0x7f}, {-1, POLLIN, 0x7f}, {999, POLLIN, 0x7f}};
	is(poll(p, 3, -1), 1);
	is(p[0].revents, 0);
	is(p[1].revents, 0);
	is(p[2].revents, POLLNVAL);
	long start = now_ms();
	is(poll(p, 2, 30), 0);
	holds(now_ms() - start >= 29);
	is(poll(NULL, 0, 10), 0);
	is(poll(p, 0, 0), 0);
	fails(poll((void *)8, 1, 0), EFAULT);
	CHILD({
		struct rlimit limit = {3, 3};
		static struct pollfd many[10];
		need(setrlimit(RLIMIT_NOFILE, &limit));
		fails(poll(many, 10, 0), EINVAL);
	});
	int file = (int)need(open("f", O_RDWR | O_CREAT, 0644)), dir = (int)need(open(".", O_RDONLY));
	struct pollfd f[2] = {{file, POLLIN | POLLOUT | POLLPRI, 0}, {dir, POLLIN, 0}};
	is(poll(f, 2, 0), 2);
	is(f[0].revents, POLLIN | POLLOUT);
	is(f[1].revents, POLLIN);
	/* The same descriptor twice; one wakes up from another process. */
	struct pollfd twice[2] = {{fds[0], POLLIN, 0}, {fds[0], POLLIN | POLLRDNORM, 0}};
	pid_t pid, me = getpid();
	SPAWN(pid, {
		need(await_state(me, 'S') ? 0 : -1);
		need(write(fds[1], "x", 1));
	});
	is(poll(twice, 2, 5000), 2);
	is(twice[0].revents, POLLIN);
	is(twice[1].revents, POLLIN | POLLRDNORM);
	ends(pid, "exit 0");
	struct timespec bad = {0, 1000000000}, zero = {0, 0};
	fails(ppoll(p, 1, &bad, NULL), EINVAL);
	is(ppoll(p, 2, &zero, NULL), 1);
	int path = (int)need(open("f", O_PATH));
	struct pollfd o = {path, POLLIN, 0};
	is(poll(&o, 1, 0), 1);
	is(o.revents, POLLNVAL);
}
