#include "pty.h"

/* A session of its own on the terminal, which is its controlling one. */
static int lead(struct pty t)
{
	need(setsid());
	int fd = (int)need(open(t.name, O_RDWR));
	close(t.master);
	close(t.slave);
	return fd;
}

static char answer(int fd)
{
	char byte = '-';
	struct pollfd p = {fd, POLLIN, 0};
	need(poll(&p, 1, 20000));
	return read(fd, &byte, 1) == 1 ? byte : '-';
}

TEST("pty: who has it as /dev/tty has it open; a hang-up reaches the leader, and at its end the group in front")
{
	struct pty t = open_pty();
	char buffer[64];
	int go[2], ends[2];
	pid_t pid;
	need(pipe2(go, O_CLOEXEC));
	SPAWN(pid, {
		int fd = lead(t);
		close(go[1]);
		int same = (int)ok(open("/dev/tty", O_RDWR));
		close(fd);
		/* Only by that name is it open now. */
		holds(read(go[0], buffer, 1) == 0);
		is(write(same, "here", 4), 4);
	});
	close(t.slave);
	struct pollfd p = {t.master, POLLIN, 0};
	holds(await_state(pid, 'S'));
	is(poll(&p, 1, 0), 0);
	close(go[1]);
	is(read(t.master, buffer, sizeof buffer), 4);
	ends(pid, "exit 0");
	fails(read(t.master, buffer, sizeof buffer), EIO);
	close(t.master);

	/* A job in front and one behind; all that have the pipe are gone when it ends. */
	t = open_pty();
	need(pipe2(ends, O_CLOEXEC));
	SPAWN(pid, {
		int fd = lead(t);
		close(ends[0]);
		for (int front = 0; front < 2; front++) {
			pid_t job = (pid_t)need(fork());
			if (job == 0) {
				setpgid(0, 0);
				if (!front)
					signal(SIGHUP, SIG_IGN);
				need(write(ends[1], "r", 1));
				if (front)
					for (;;)
						pause();
				/* The one behind hears nothing, and ends by itself. */
				alarm(3);
				pause();
			}
			setpgid(job, job);
			if (front) {
				signal(SIGTTOU, SIG_IGN);
				need(tcsetpgrp(fd, job));
			}
		}
		need(write(ends[1], "l", 1));
		for (;;)
			pause();
	});
	close(t.slave);
	close(ends[1]);
	int ready = 0, leading = 0;
	for (int i = 0; i < 3; i++) {
		char byte = answer(ends[0]);
		ready += byte == 'r';
		leading += byte == 'l';
	}
	is(ready, 2);
	is(leading, 1);
	close(t.master);
	ends(pid, "signal SIGHUP");
	is(answer(ends[0]), '-');
}
