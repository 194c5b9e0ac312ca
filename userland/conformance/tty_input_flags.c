#include "pty.h"

TEST("tty: input flags: ICRNL, INLCR, IGNCR, ISTRIP, IUCLC, IXON, IXANY")
{
	struct pty t = open_pty();
	struct termios tio = raw_copy(t.slave);
	static const struct { tcflag_t flags; const char *in, *out; } cases[] = {
		{0, "a\rb\nc", "a\rb\nc"},
		{ICRNL, "a\rb\nc", "a\nb\nc"},
		{INLCR, "a\rb\nc", "a\rb\rc"},
		{IGNCR, "a\rb\nc", "ab\nc"},
		{IGNCR | ICRNL, "a\rb", "ab"},
		{ISTRIP, "\301\342c", "Abc"},
		{IXON, "a\021b", "ab"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		tio.c_iflag = cases[i].flags;
		need(tcsetattr(t.slave, TCSANOW, &tio));
		type(t, cases[i].in);
		text_is(line(t), cases[i].out);
	}
	tio.c_iflag = IUCLC;
	tio.c_lflag |= IEXTEN;
	need(tcsetattr(t.slave, TCSANOW, &tio));
	type(t, "ABc");
	text_is(line(t), "abc");
	/* Stopped output waits for the start character. */
	tio.c_iflag = IXON;
	need(tcsetattr(t.slave, TCSANOW, &tio));
	type(t, "\023");
	sleep_ms(20);
	fcntl(t.slave, F_SETFL, O_NONBLOCK);
	fails(write(t.slave, "held", 4), EAGAIN);
	type(t, "\021");
	sleep_ms(20);
	is(write(t.slave, "sent", 4), 4);
	text_is(screen(t), "sent");
	tio.c_iflag = IXON | IXANY;
	need(tcsetattr(t.slave, TCSANOW, &tio));
	type(t, "\023");
	sleep_ms(20);
	fails(write(t.slave, "held", 4), EAGAIN);
	type(t, "k");
	text_is(line(t), "k");
	is(write(t.slave, "sent", 4), 4);
	text_is(screen(t), "sent");
	ok(tcflow(t.slave, TCOOFF));
	fails(write(t.slave, "x", 1), EAGAIN);
	ok(tcflow(t.slave, TCOON));
	is(write(t.slave, "y", 1), 1);
	text_is(screen(t), "y");
	fails(tcflow(t.slave, 99), EINVAL);
}
