#include "pty.h"

static struct pty t;
static struct gate go;

/* A background group of the session that runs `what` and ends with its result. */
#define BACKGROUND(pid, ...)           \
	SPAWN(pid, {                   \
		setpgid(0, 0);         \
		wait_gate(go);         \
		__VA_ARGS__;           \
	});                            \
	setpgid(pid, pid);             \
	pass_gate(go)

TEST("tty: background reads and writes, SIGTTIN, SIGTTOU, TOSTOP, ignored and orphaned")
{
	t = open_pty();
	go = new_gate();
	CHILD({
		char c;
		pid_t pid;
		need(setsid());
		need(ioctl(t.slave, TIOCSCTTY, 0));
		signal(SIGTTOU, SIG_IGN);
		BACKGROUND(pid, signal(SIGTTOU, SIG_DFL); read(t.slave, &c, 1) == 1 ? _exit(7) : _exit(8));
		ends(pid, "stopped SIGTTIN");
		/* In the foreground and continued it reads. */
		need(tcsetpgrp(t.slave, pid));
		need(kill(-pid, SIGCONT));
		ends(pid, "continued");
		type(t, "x\n");
		ends(pid, "exit 7");
		need(tcsetpgrp(t.slave, getpgrp()));
		BACKGROUND(pid, signal(SIGTTIN, SIG_IGN); fails(read(t.slave, &c, 1), EIO));
		ends(pid, "exit 0");
		/* Writing is free unless TOSTOP is set. */
		BACKGROUND(pid, signal(SIGTTOU, SIG_DFL); is(write(t.slave, "bg", 2), 2));
		ends(pid, "exit 0");
		struct termios tio;
		need(tcgetattr(t.slave, &tio));
		tio.c_lflag |= TOSTOP;
		need(tcsetattr(t.slave, TCSANOW, &tio));
		BACKGROUND(pid, signal(SIGTTOU, SIG_DFL); write(t.slave, "bg", 2) == 2 ? _exit(5) : _exit(6));
		ends(pid, "stopped SIGTTOU");
		tio.c_lflag &= ~(tcflag_t)TOSTOP;
		need(tcsetattr(t.slave, TCSANOW, &tio));
		need(kill(pid, SIGCONT));
		int status;
		do
			need(waitpid(pid, &status, 0));
		while (WIFCONTINUED(status));
		text_is(status_name(status), "exit 5");
		/* Changing the settings stops always, ignoring the signal lets it through. */
		BACKGROUND(pid, signal(SIGTTOU, SIG_DFL); tcsetattr(t.slave, TCSANOW, &tio));
		ends(pid, "stopped SIGTTOU");
		need(kill(pid, SIGKILL));
		ends(pid, "signal SIGKILL");
		BACKGROUND(pid, ok(tcsetattr(t.slave, TCSANOW, &tio)); ok(tcgetattr(t.slave, &tio)));
		ends(pid, "exit 0");
		BACKGROUND(pid, signal(SIGTTOU, SIG_DFL); tcsetpgrp(t.slave, getpgrp()));
		ends(pid, "stopped SIGTTOU");
		need(kill(pid, SIGKILL));
		ends(pid, "signal SIGKILL");
		/* ^Z from the keyboard stops the foreground group only. */
		pid_t front;
		pid_t back;
		BACKGROUND(back, for (;;) pause());
		BACKGROUND(front, for (;;) pause());
		need(tcsetpgrp(t.slave, front));
		need(await_state(front, 'S') ? 0 : -1);
		type(t, "\032");
		ends(front, "stopped SIGTSTP");
		holds(await_state(back, 'S'));
		need(kill(front, SIGKILL));
		need(kill(back, SIGKILL));
		ends(front, "signal SIGKILL");
		ends(back, "signal SIGKILL");
		need(tcsetpgrp(t.slave, getpgrp()));
	});
}
