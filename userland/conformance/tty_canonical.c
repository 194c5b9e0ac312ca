#include "pty.h"

TEST("tty: canonical lines: editing, end of file, several lines, long lines")
{
	struct pty t = open_pty();
	char buffer[8192];
	struct termios tio = raw_copy(t.slave);
	tio.c_lflag |= ICANON | IEXTEN;
	tio.c_iflag |= ICRNL;
	need(tcsetattr(t.slave, TCSANOW, &tio));
	fcntl(t.slave, F_SETFL, O_NONBLOCK);
	type(t, "no line yet");
	fails(read(t.slave, buffer, sizeof buffer), EAGAIN);
	type(t, "\r");
	text_is(line(t), "no line yet\n");
	/* One read gives one line. */
	type(t, "first\nsecond\n");
	text_is(line(t), "first\n");
	text_is(line(t), "second\n");
	/* A short read leaves the rest of the line. */
	type(t, "abcdef\n");
	is(read(t.slave, buffer, 3), 3);
	text_is(line(t), "def\n");
	type(t, "wrong\177\177\177ite\n");
	text_is(line(t), "write\n");
	type(t, "delete all\025new\n");
	text_is(line(t), "new\n");
	type(t, "two words\027more\n");
	text_is(line(t), "two more\n");
	type(t, "\026\177literal\n");
	text_is(line(t), "\177literal\n");
	/* End of file: what is there without a line feed, or nothing. */
	type(t, "part\004");
	text_is(line(t), "part");
	type(t, "\004");
	is(read(t.slave, buffer, 10), 0);
	fails(read(t.slave, buffer, 10), EAGAIN);
	type(t, "x\n\004");
	text_is(line(t), "x\n");
	is(read(t.slave, buffer, 10), 0);
	/* An end-of-line character of one's own. */
	tio.c_cc[VEOL] = ';';
	need(tcsetattr(t.slave, TCSANOW, &tio));
	type(t, "a;b\n");
	text_is(line(t), "a;");
	text_is(line(t), "b\n");
	/* 4095 characters and the line feed are the longest line. */
	memset(buffer, 'l', sizeof buffer);
	for (int i = 0; i < 50; i++)
		need(write(t.master, buffer, 100));
	type(t, "\n");
	settle(t);
	is(read(t.slave, buffer, sizeof buffer), 4096);
	is(buffer[4095], '\n');
	/* Leaving canonical mode makes an unfinished line readable. */
	type(t, "unfinished");
	fails(read(t.slave, buffer, 10), EAGAIN);
	tio.c_lflag &= ~(tcflag_t)ICANON;
	need(tcsetattr(t.slave, TCSANOW, &tio));
	text_is(line(t), "unfinished");
}
