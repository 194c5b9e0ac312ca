#include "test.h"
static volatile int alarms;
static void on_alarm(int sig) { alarms++; }

TEST("FIFOs: how open waits, O_NONBLOCK, O_RDWR, reopening")
{
	pid_t pid;
	char buffer[16] = "";
	ok(mkfifo("p", 0644));
	fails(mkfifo("p", 0644), EEXIST);
	fails(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	int r = (int)ok(open("p", O_RDONLY | O_NONBLOCK));
	is(read(r, buffer, 16), 0);
	int w = (int)ok(open("p", O_WRONLY | O_NONBLOCK));
	fails(read(r, buffer, 16), EAGAIN);
	is(write(w, "hello", 5), 5);
	is(read(r, buffer, 16), 5);
	close(w);
	is(read(r, buffer, 16), 0);
	/* A new writer revives it. */
	w = (int)ok(open("p", O_WRONLY));
	fails(read(r, buffer, 16), EAGAIN);
	close(w);
	close(r);
	SPAWN(pid, {
		int fd = (int)ok(open("p", O_WRONLY));
		is(write(fd, "met", 3), 3);
	});
	holds(await_state(pid, 'S'));
	r = (int)ok(open("p", O_RDONLY));
	is(read(r, buffer, 16), 3);
	ends(pid, "exit 0");
	close(r);
	SPAWN(pid, {
		int fd = (int)ok(open("p", O_RDONLY));
		is(read(fd, buffer, 16), 2);
	});
	holds(await_state(pid, 'S'));
	w = (int)ok(open("p", O_WRONLY));
	is(write(w, "ok", 2), 2);
	ends(pid, "exit 0");
	close(w);
	int both = (int)ok(open("p", O_RDWR));
	is(write(both, "self", 4), 4);
	is(read(both, buffer, 16), 4);
	close(both);
	struct sigaction sa = {.sa_handler = on_alarm};
	need(sigaction(SIGALRM, &sa, NULL));
	struct itimerval timer = {{0, 0}, {0, 20000}};
	need(setitimer(ITIMER_REAL, &timer, NULL));
	fails(open("p", O_RDONLY), EINTR);
	is(alarms, 1);
	struct stat st;
	need(stat("p", &st));
	is(st.st_size, 0);
	/* Unlinked while open. */
	both = (int)need(open("p", O_RDWR));
	need(unlink("p"));
	is(write(both, "still", 5), 5);
	is(read(both, buffer, 16), 5);
}
