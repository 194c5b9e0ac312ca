#include "pty.h"

static struct pty t;
static struct termios tio;

static void min_time(int min, int time)
{
	tio.c_cc[VMIN] = (cc_t)min;
	tio.c_cc[VTIME] = (cc_t)time;
	need(tcsetattr(t.slave, TCSANOW, &tio));
}
static void later(long ms, const char *text)
{
	if (fork() == 0) {
		sleep_ms(ms);
		type(t, text);
		_exit(0);
	}
}

TEST("tty: VMIN and VTIME in their four combinations")
{
	char buffer[64];
	t = open_pty();
	tio = raw_copy(t.slave);
	signal(SIGCHLD, SIG_IGN);
	min_time(1, 0);
	type(t, "a");
	is(read(t.slave, buffer, 64), 1);
	min_time(0, 0);
	is(read(t.slave, buffer, 64), 0);
	type(t, "bcd");
	is(read(t.slave, buffer, 64), 3);
	min_time(3, 0);
	type(t, "1");
	later(20, "23");
	is(read(t.slave, buffer, 64), 3);
	/* A small buffer satisfies it, too. */
	type(t, "xy");
	is(read(t.slave, buffer, 2), 2);
	min_time(0, 1);
	long start = now_ms();
	is(read(t.slave, buffer, 64), 0);
	holds(now_ms() - start >= 90);
	later(20, "q");
	is(read(t.slave, buffer, 64), 1);
	/* Between characters: starts with the first one. */
	min_time(5, 1);
	later(150, "r");
	is(read(t.slave, buffer, 64), 1);
	type(t, "12345");
	is(read(t.slave, buffer, 64), 5);
	fcntl(t.slave, F_SETFL, O_NONBLOCK);
	min_time(1, 0);
	fails(read(t.slave, buffer, 64), EAGAIN);
	type(t, "\003\004\177\r\n");
	is(read(t.slave, buffer, 64), 5);
	is(memcmp(buffer, "\003\004\177\r\n", 5), 0);
}
