#include "pty.h"

TEST("tty: what is echoed: plain, control, erase, kill, without ECHO, ECHONL")
{
	struct pty t = open_pty();
	struct termios tio;
	need(tcgetattr(t.slave, &tio));
	tio.c_oflag = 0;
	tio.c_iflag = ICRNL;
	tio.c_lflag = ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
	need(tcsetattr(t.slave, TCSANOW, &tio));
	type(t, "ab");
	text_is(screen(t), "ab");
	type(t, "\177");
	text_is(screen(t), "\b \b");
	type(t, "\001");
	text_is(screen(t), "^A");
	type(t, "\177");
	text_is(screen(t), "\b \b\b \b");
	type(t, "\t");
	text_is(screen(t), "\t");
	type(t, "xyz\025");
	text_is(screen(t), "xyz\b \b\b \b\b \b\b\b\b\b\b\b\b\b \b");
	type(t, "one two\027");
	text_is(screen(t), "one two\b \b\b \b\b \b");
	type(t, "\r");
	text_is(screen(t), "\n");
	type(t, "r\022");
	text_is(screen(t), "r^R\nr");
	type(t, "\026\003");
	text_is(screen(t), "^\b^C");
	type(t, "\004");
	text_is(screen(t), "");
	tio.c_lflag &= ~(tcflag_t)(ECHOKE | ECHOE);
	need(tcsetattr(t.slave, TCSAFLUSH, &tio));
	type(t, "ab\177");
	text_is(screen(t), "ab^?");
	type(t, "\025");
	text_is(screen(t), "^U\n");
	tio.c_lflag &= ~(tcflag_t)ECHO;
	tio.c_lflag |= ECHONL;
	need(tcsetattr(t.slave, TCSAFLUSH, &tio));
	type(t, "secret\n");
	text_is(screen(t), "\n");
	tio.c_lflag = ICANON | ECHO | ECHOPRT | ECHOCTL | ECHOE | IEXTEN;
	need(tcsetattr(t.slave, TCSAFLUSH, &tio));
	type(t, "abc\177\177x\n");
	text_is(screen(t), "abc\\cb/x\n");
}
