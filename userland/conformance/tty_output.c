#include "pty.h"

TEST("tty: output processing: ONLCR, OCRNL, ONOCR, ONLRET, tabs, OPOST off")
{
	struct pty t = open_pty();
	struct termios tio = raw_copy(t.slave);
	static const struct { tcflag_t flags; const char *in, *out; } cases[] = {
		{0, "a\nb\tc\r", "a\nb\tc\r"},
		{ONLCR, "a\nb", "a\nb"},
		{OPOST, "a\nb", "a\nb"},
		{OPOST | ONLCR, "a\nb\n", "a\r\nb\r\n"},
		{OPOST | OCRNL, "a\rb", "a\nb"},
		{OPOST | ONOCR, "\rab\r", "ab\r"},
		{OPOST | ONLRET, "a\nb", "a\nb"},
		{OPOST | TAB3, "a\tbc\tdefghijkl\tx", "a       bc      defghijkl       x"},
		{OPOST | OLCUC, "MiXed 1", "MIXED 1"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		/* Back to column 0 first. */
		tio.c_oflag = OPOST;
		need(tcsetattr(t.slave, TCSADRAIN, &tio));
		need(write(t.slave, "\r", 1));
		screen(t);
		tio.c_oflag = cases[i].flags;
		need(tcsetattr(t.slave, TCSADRAIN, &tio));
		is(write(t.slave, cases[i].in, strlen(cases[i].in)), strlen(cases[i].in));
		text_is(screen(t), cases[i].out);
	}
}
