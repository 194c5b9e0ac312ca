#include "test.h"
#include <sys/eventfd.h>

TEST("eventfd: counting, semaphore mode, overflow, poll, errors")
{
	uint64_t n = 0, one = 1, big = 0xfffffffffffffffe;
	int fd = (int)ok(eventfd(5, EFD_NONBLOCK | EFD_CLOEXEC)), sem = (int)ok(eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK));
	is(fcntl(fd, F_GETFD), FD_CLOEXEC);
	is(read(fd, &n, 8), 8);
	is(n, 5);
	fails(read(fd, &n, 8), EAGAIN);
	is(write(fd, &one, 8), 8);
	is(write(fd, &one, 8), 8);
	is(read(fd, &n, 8), 8);
	is(n, 2);
	for (int i = 0; i < 3; i++) {
		is(read(sem, &n, 8), 8);
		is(n, 1);
	}
	fails(read(sem, &n, 8), EAGAIN);
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};
	is(poll(&p, 1, 0), 1);
	is(p.revents, POLLOUT);
	is(write(fd, &big, 8), 8);
	is(poll(&p, 1, 0), 1);
	is(p.revents, POLLIN);
	fails(write(fd, &one, 8), EAGAIN);
	is(read(fd, &n, 8), 8);
	holds(n == big);
	n = ~0ULL;
	fails(write(fd, &n, 8), EINVAL);
	fails(write(fd, &one, 4), EINVAL);
	fails(read(fd, &n, 4), EINVAL);
	fails(syscall(SYS_eventfd2, 0, 0x2), EINVAL);
	n = 0;
	is(write(fd, &n, 8), 8);
	fails(read(fd, &n, 8), EAGAIN);
	/* Blocking on both ends, across processes. */
	int bfd = (int)need(eventfd(0, 0));
	pid_t pid;
	SPAWN(pid, {
		is(read(bfd, &n, 8), 8);
		is(n, 1);
	});
	holds(await_state(pid, 'S'));
	is(write(bfd, &one, 8), 8);
	ends(pid, "exit 0");
	is(write(bfd, &big, 8), 8);
	SPAWN(pid, is(write(bfd, &one, 8), 8));
	holds(await_state(pid, 'S'));
	is(read(bfd, &n, 8), 8);
	ends(pid, "exit 0");
}
