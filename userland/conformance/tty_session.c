#include "pty.h"

TEST("tty: getting and losing a controlling terminal, /dev/tty, foreground group")
{
	struct pty t = open_pty();
	struct gate up = new_gate();
	pid_t pid;
	CHILD({
		need(setsid());
		fails(open("/dev/tty", O_RDWR), ENXIO);
		fails(tcgetpgrp(t.slave), ENOTTY);
		fails(tcsetpgrp(t.slave, getpgrp()), ENOTTY);
		/* A session leader gets it by opening, without O_NOCTTY. */
		close((int)ok(open(t.name, O_RDWR | O_NOCTTY)));
		fails(open("/dev/tty", O_RDWR), ENXIO);
		int fd = (int)ok(open(t.name, O_RDWR));
		int tty = (int)ok(open("/dev/tty", O_RDWR));
		holds(tcgetpgrp(tty) == getpgrp());
		holds(tcgetsid(fd) == getsid(0));
		CHILD({
			/* Another session can't take it; root may steal with the argument 1. */
			need(setsid());
			fails(ioctl(t.slave, TIOCSCTTY, 0), EPERM);
			fails(open("/dev/tty", O_RDWR), ENXIO);
		});
		SPAWN(pid, {
			setpgid(0, 0);
			pass_gate(up);
			for (;;)
				pause();
		});
		wait_gate(up);
		ok(tcsetpgrp(fd, pid));
		holds(tcgetpgrp(fd) == pid);
		signal(SIGTTOU, SIG_IGN);
		ok(tcsetpgrp(fd, getpgrp()));
		fails(tcsetpgrp(fd, 1), EPERM);
		fails(tcsetpgrp(fd, 30000000), ESRCH);
		fails(tcsetpgrp(fd, -1), EINVAL);
		need(kill(pid, SIGKILL));
		ends(pid, "signal SIGKILL");
		/* Giving it up. */
		signal(SIGHUP, SIG_IGN);
		signal(SIGCONT, SIG_IGN);
		ok(ioctl(tty, TIOCNOTTY));
		fails(open("/dev/tty", O_RDWR), ENXIO);
		ok(ioctl(fd, TIOCSCTTY, 0));
		ok(open("/dev/tty", O_RDWR));
	});
	/* The leader's end hangs the foreground group up. */
	struct gate told = new_gate();
	SPAWN(pid, {
		need(setsid());
		need(ioctl(t.slave, TIOCSCTTY, 1));
		if (fork() == 0) {
			sigset_t set;
			int sig = 0;
			sigemptyset(&set);
			sigaddset(&set, SIGHUP);
			sigprocmask(SIG_BLOCK, &set, NULL);
			pass_gate(up);
			sigwait(&set, &sig);
			if (sig == SIGHUP)
				pass_gate(told);
			_exit(0);
		}
		wait_gate(up);
	});
	ends(pid, "exit 0");
	struct pollfd p = {told.fd[0], POLLIN, 0};
	is(poll(&p, 1, 3000), 1);
}
