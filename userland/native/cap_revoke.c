#include "native.h"
#include "pass.h"
#include <sys/epoll.h>

static int state(int fd)
{
	struct exo_cap_info info = {0};
	need(exo_cap_info(fd, &info));
	return (int)info.state;
}

/* Lets the other process come to wait. */
static void settle(void)
{
	nanosleep(&(struct timespec){0, 50000000}, NULL);
}

NATIVE_TEST("revocation reaches every copy, and ends waiting")
{
	char byte;
	int p[2], sock[2];
	if (test_argc == 2) {
		/* Executed below. */
		fails(write(atoi(test_argv[1]), "x", 1), EKEYREVOKED);
		return;
	}
	need(pipe(p));
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, sock));

	note("-- copies by dup, in messages, in children, and what was derived further");
	int derived = (int)need(exo_cap_clone(p[1], EXO_ALL_RIGHTS, 1, 0));
	int copy = (int)need(dup(derived)), below = (int)need(exo_cap_clone(copy, EXO_RIGHT_WRITE | EXO_RIGHT_STAT | EXO_RIGHT_TRANSFER, 2, 0));
	ok(send_fd(sock[0], derived));
	ok(send_fd(sock[0], below));
	pid_t pid;
	int told[2];
	need(pipe(told));
	SPAWN(pid, {
		is(read(told[0], &byte, 1), 1);
		fails(write(derived, "x", 1), EKEYREVOKED);
		fails(write(below, "x", 1), EKEYREVOKED);
		is(write(p[1], "c", 1), 1);
	});
	is(write(below, "b", 1), 1);
	ok(exo_cap_revoke(p[1], 0));
	need(write(told[1], "go", 2));
	ends(pid, "exit 0");
	fails(write(derived, "x", 1), EKEYREVOKED);
	fails(write(copy, "x", 1), EKEYREVOKED);
	fails(write(below, "x", 1), EKEYREVOKED);
	fails(dup(copy), EKEYREVOKED);
	fails(fstat(copy, &(struct stat){0}), EKEYREVOKED);
	fails(exo_cap_clone(copy, EXO_RIGHT_WRITE, 0, 0), EKEYREVOKED);
	fails(exo_cap_check(copy, p[1]), EKEYREVOKED);
	fails(send_fd(sock[0], copy), EKEYREVOKED);
	int first = receive_fd(sock[1]), second = receive_fd(sock[1]);
	is(state(first), EXO_CAP_DERIVED | EXO_CAP_REVOKED);
	fails(write(first, "x", 1), EKEYREVOKED);
	fails(write(second, "x", 1), EKEYREVOKED);
	is(write(p[1], "o", 1), 1);
	char text[8] = "";
	is(read(p[0], text, 8), 3);
	text_is(text, "bco");
	ok(close(derived));
	ok(close(copy));

	note("-- a new one can be derived afterwards");
	int later = (int)need(exo_cap_clone(p[1], EXO_ALL_RIGHTS, 3, 0));
	is(write(later, "l", 1), 1);
	is(read(p[0], text, 8), 1);

	note("-- itself and below, not beside");
	int beside = (int)need(exo_cap_clone(p[1], EXO_RIGHT_WRITE, 4, 0));
	int child = (int)need(exo_cap_clone(later, EXO_RIGHT_WRITE, 5, 0));
	ok(exo_cap_revoke(later, EXO_CAP_ITSELF));
	is(state(later), EXO_CAP_DERIVED | EXO_CAP_REVOKED);
	fails(write(child, "x", 1), EKEYREVOKED);
	is(write(beside, "s", 1), 1);
	is(read(p[0], text, 8), 1);
	fails(exo_cap_revoke(p[1], EXO_CAP_ITSELF), EPERM);
	fails(exo_cap_revoke(beside, 0), EBADF);

	note("-- below it, and again below it: what came in between too, itself only from above");
	int middle = (int)need(exo_cap_clone(p[1], EXO_ALL_RIGHTS, 6, 0));
	int early = (int)need(exo_cap_clone(middle, EXO_ALL_RIGHTS, 7, 0));
	int earlier = (int)need(exo_cap_clone(early, EXO_RIGHT_WRITE, 8, 0));
	ok(exo_cap_revoke(middle, 0));
	fails(write(early, "x", 1), EKEYREVOKED);
	fails(write(earlier, "x", 1), EKEYREVOKED);
	fails(exo_cap_clone(early, EXO_RIGHT_WRITE, 0, 0), EKEYREVOKED);
	int late = (int)need(exo_cap_clone(middle, EXO_ALL_RIGHTS, 9, 0));
	is(write(late, "l", 1), 1);
	is(write(middle, "m", 1), 1);
	ok(exo_cap_revoke(middle, 0));
	fails(write(late, "x", 1), EKEYREVOKED);
	is(state(early), EXO_CAP_DERIVED | EXO_CAP_REVOKED);
	is(state(middle), EXO_CAP_DERIVED);
	ok(exo_cap_revoke(p[1], 0));
	fails(write(middle, "x", 1), EKEYREVOKED);
	is(read(p[0], text, 8), 2);
	close(middle);
	close(early);
	close(earlier);
	close(late);

	note("-- waiting ends: read, poll, epoll, accept");
	int reader = (int)need(exo_cap_clone(p[0], EXO_ALL_RIGHTS, 0, 0));
	SPAWN(pid, fails(read(reader, &byte, 1), EKEYREVOKED));
	settle();
	ok(exo_cap_revoke(p[0], 0));
	ends(pid, "exit 0");
	reader = (int)need(exo_cap_clone(p[0], EXO_ALL_RIGHTS, 0, 0));
	SPAWN(pid, {
		struct pollfd one = {reader, POLLIN, 0};
		is(poll(&one, 1, 10000), 1);
		is(one.revents, POLLNVAL);
	});
	settle();
	ok(exo_cap_revoke(p[0], 0));
	ends(pid, "exit 0");
	reader = (int)need(exo_cap_clone(p[0], EXO_ALL_RIGHTS, 0, 0));
	SPAWN(pid, {
		struct epoll_event event = {EPOLLIN, {.u32 = 5}};
		int set = (int)need(epoll_create1(0));
		need(epoll_ctl(set, EPOLL_CTL_ADD, reader, &event));
		is(epoll_wait(set, &event, 1, 10000), 1);
		is(event.events, EPOLLERR | EPOLLHUP);
		is(epoll_wait(set, &event, 1, 0), 0);
		fails(epoll_ctl(set, EPOLL_CTL_ADD, reader, &event), EKEYREVOKED);
	});
	settle();
	ok(exo_cap_revoke(p[0], 0));
	ends(pid, "exit 0");
	int listener = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	struct sockaddr name = {AF_UNIX, "name"};
	need(bind(listener, &name, sizeof name));
	need(listen(listener, 1));
	int derived_listener = (int)need(exo_cap_clone(listener, EXO_ALL_RIGHTS, 0, 0));
	SPAWN(pid, fails(accept(derived_listener, NULL, NULL), EKEYREVOKED));
	settle();
	ok(exo_cap_revoke(listener, 0));
	ends(pid, "exit 0");

	note("-- a call through the original goes on");
	SPAWN(pid, is(read(p[0], &byte, 1), 1));
	reader = (int)need(exo_cap_clone(p[0], EXO_ALL_RIGHTS, 0, 0));
	settle();
	ok(exo_cap_revoke(p[0], 0));
	need(write(p[1], "z", 1));
	ends(pid, "exit 0");

	note("-- it stays revoked over exec");
	int program = (int)need(exo_cap_clone(p[1], EXO_ALL_RIGHTS, 0, 0));
	ok(exo_cap_revoke(p[1], 0));
	char number[12];
	snprintf(number, sizeof number, "%d", program);
	SPAWN(pid, execl("/proc/self/exe", "cap_revoke", number, NULL));
	ends(pid, "exit 0");
}
