#include "pty.h"

TEST("tty: tcgetattr, tcsetattr, speeds, flushing, queue sizes, what is no terminal")
{
	struct pty t = open_pty();
	struct termios tio, now;
	ok(tcgetattr(t.slave, &tio));
	is(tio.c_iflag, ICRNL | IXON);
	is(tio.c_oflag, OPOST | ONLCR);
	is(tio.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN);
	is(tio.c_cflag & (CSIZE | CREAD), CS8 | CREAD);
	is(cfgetospeed(&tio), B38400);
	is(tio.c_cc[VINTR], 3);
	is(tio.c_cc[VERASE], 0177);
	is(tio.c_cc[VEOF], 4);
	is(tio.c_cc[VMIN], 1);
	is(tio.c_cc[VSUSP], 032);
	cfsetospeed(&tio, B9600);
	cfsetispeed(&tio, B9600);
	ok(tcsetattr(t.slave, TCSANOW, &tio));
	/* Both ends see one setting. */
	ok(tcgetattr(t.master, &now));
	is(cfgetospeed(&now), B9600);
	fails(tcsetattr(t.slave, 99, &tio), EINVAL);
	int n = -1;
	tio.c_lflag = 0;
	ok(tcsetattr(t.slave, TCSANOW, &tio));
	type(t, "queued");
	settle(t);
	ok(ioctl(t.slave, FIONREAD, &n));
	is(n, 6);
	ok(tcflush(t.slave, TCIFLUSH));
	ok(ioctl(t.slave, FIONREAD, &n));
	is(n, 0);
	need(write(t.slave, "output", 6));
	settle(t);
	ok(ioctl(t.master, FIONREAD, &n));
	is(n, 6);
	ok(ioctl(t.slave, TIOCOUTQ, &n));
	ok(tcdrain(t.slave));
	ok(tcsendbreak(t.slave, 0));
	fails(tcflush(t.slave, 99), EINVAL);
	type(t, "gone");
	settle(t);
	ok(tcsetattr(t.slave, TCSAFLUSH, &tio));
	ok(ioctl(t.slave, FIONREAD, &n));
	is(n, 0);
	is(isatty(t.slave), 1);
	is(isatty(t.master), 1);
	int file = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	is(isatty(file), 0);
	fails(tcgetattr(file, &tio), ENOTTY);
	fails(tcgetattr(-1, &tio), EBADF);
	fails(ioctl(t.slave, TCGETS, (void *)8), EFAULT);
	char name[64];
	gives(ttyname_r(t.slave, name, sizeof name), 0);
	holds(!strcmp(name, t.name));
	struct stat st;
	need(fstat(t.slave, &st));
	is(S_ISCHR(st.st_mode), 1);
	is(st.st_rdev >> 8 & 0xfff, 136);
}
