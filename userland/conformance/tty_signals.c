#include "pty.h"

/* A session whose leader has the slave as its terminal; signals are reported through a pipe. */
static int report[2];
static struct pty t;
static void handler(int sig)
{
	char c = (char)sig;
	(void)!write(report[1], &c, 1);
}
static const char *got(void)
{
	char c = 0;
	struct pollfd p = {report[0], POLLIN, 0};
	return poll(&p, 1, 3000) == 1 && read(report[0], &c, 1) == 1 ? signal_name(c) : "nothing";
}

TEST("tty: signal characters, ISIG, NOFLSH, window changes, break")
{
	need(pipe(report));
	t = open_pty();
	struct gate ready = new_gate();
	pid_t pid;
	SPAWN(pid, {
		int signals[] = {SIGINT, SIGQUIT, SIGTSTP, SIGWINCH, SIGHUP, SIGCONT};
		for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
			signal(signals[i], handler);
		need(setsid());
		need(ioctl(t.slave, TIOCSCTTY, 0));
		close(t.master);
		pass_gate(ready);
		for (;;)
			pause();
	});
	wait_gate(ready);
	struct termios tio;
	need(tcgetattr(t.slave, &tio));
	tio.c_lflag = ISIG | ICANON | IEXTEN;
	need(tcsetattr(t.slave, TCSANOW, &tio));
	type(t, "\003");
	text_is(got(), "SIGINT");
	type(t, "\034");
	text_is(got(), "SIGQUIT");
	type(t, "\032");
	text_is(got(), "SIGTSTP");
	/* Typed-ahead input is thrown away with it, unless NOFLSH says no. */
	fcntl(t.slave, F_SETFL, O_NONBLOCK);
	char buffer[64];
	type(t, "lost\nand");
	settle(t);
	type(t, "\003");
	text_is(got(), "SIGINT");
	fails(read(t.slave, buffer, 64), EAGAIN);
	tio.c_lflag |= NOFLSH;
	need(tcsetattr(t.slave, TCSANOW, &tio));
	type(t, "kept\n\003");
	text_is(got(), "SIGINT");
	text_is(line(t), "kept\n");
	struct winsize w = {24, 80, 0, 0}, now;
	ok(ioctl(t.master, TIOCSWINSZ, &w));
	text_is(got(), "SIGWINCH");
	ok(ioctl(t.slave, TIOCGWINSZ, &now));
	is(now.ws_row * 1000 + now.ws_col, 24080);
	/* No change, no signal. */
	ok(ioctl(t.slave, TIOCSWINSZ, &w));
	w.ws_row = 25;
	ok(ioctl(t.slave, TIOCSWINSZ, &w));
	text_is(got(), "SIGWINCH");
	tio.c_lflag &= ~(tcflag_t)ISIG;
	need(tcsetattr(t.slave, TCSANOW, &tio));
	type(t, "\003\n");
	text_is(line(t), "\003\n");
	tio.c_lflag |= ISIG;
	tio.c_cc[VINTR] = 'i';
	tio.c_cc[VQUIT] = _POSIX_VDISABLE;
	need(tcsetattr(t.slave, TCSANOW, &tio));
	type(t, "i");
	text_is(got(), "SIGINT");
	type(t, "\034\n");
	text_is(line(t), "\034\n");
	/* The master goes away: SIGHUP and SIGCONT, in either order. */
	close(t.slave);
	close(t.master);
	const char *one = got(), *two = got();
	holds((!strcmp(one, "SIGHUP") && !strcmp(two, "SIGCONT")) || (!strcmp(one, "SIGCONT") && !strcmp(two, "SIGHUP")));
	need(kill(pid, SIGKILL));
	ends(pid, "signal SIGKILL");
}
