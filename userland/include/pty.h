/* A pseudo terminal for the programs that test the line discipline; after test.h. */
#ifndef EXO_PTY_H
#define EXO_PTY_H

#include "test.h"
#include <termios.h>

struct pty {
	int master, slave;
	char name[64];
};

static UNUSED struct pty open_pty(void)
{
	struct pty t;
	unsigned number;
	int unlock = 0;
	t.master = (int)need(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
	need(ioctl(t.master, TIOCGPTN, &number));
	need(ioctl(t.master, TIOCSPTLCK, &unlock));
	snprintf(t.name, sizeof t.name, "/dev/pts/%u", number);
	t.slave = (int)need(open(t.name, O_RDWR | O_NOCTTY | O_CLOEXEC));
	return t;
}

/* The present settings with all processing switched off, not yet applied. */
static UNUSED struct termios raw_copy(int fd)
{
	struct termios tio;
	need(tcgetattr(fd, &tio));
	cfmakeraw(&tio);
	tio.c_cc[VMIN] = 1;
	tio.c_cc[VTIME] = 0;
	return tio;
}

/* What a person would type at the terminal. */
static UNUSED void type(struct pty t, const char *text)
{
	need(write(t.master, text, strlen(text)));
}

/* Input may travel through a worker of the kernel: gives it the time to arrive. */
static UNUSED void settle(struct pty t)
{
	sleep_ms(20);
}

/* The next read from the terminal, waited for up to three seconds. */
static UNUSED const char *line(struct pty t)
{
	static char text[8192];
	struct pollfd p = {t.slave, POLLIN, 0};
	/* Everything typed is there before the first byte is looked at. */
	settle(t);
	poll(&p, 1, 3000);
	ssize_t n = read(t.slave, text, sizeof text - 1);
	text[n > 0 ? n : 0] = 0;
	return n < 0 ? errno_name(errno) : text;
}

/* All that the terminal shows now. */
static UNUSED const char *screen(struct pty t)
{
	static char text[8192];
	size_t used = 0;
	struct pollfd p = {t.master, POLLIN, 0};
	while (used < sizeof text - 1 && poll(&p, 1, 30) == 1) {
		ssize_t n = read(t.master, text + used, sizeof text - 1 - used);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	text[used] = 0;
	return text;
}

#endif
