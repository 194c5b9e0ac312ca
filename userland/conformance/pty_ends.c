#include "pty.h"

TEST("pty: unlock, numbers, closing either end, packet mode, TIOCSTI-free basics")
{
	int master = (int)ok(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
	unsigned number = 9999;
	int lock = -1;
	char name[64], buffer[64];
	ok(ioctl(master, TIOCGPTN, &number));
	snprintf(name, sizeof name, "/dev/pts/%u", number);
	ok(ioctl(master, TIOCGPTLCK, &lock));
	is(lock, 1);
	fails(open(name, O_RDWR | O_NOCTTY), EIO);
	lock = 0;
	ok(ioctl(master, TIOCSPTLCK, &lock));
	int slave = (int)ok(open(name, O_RDWR | O_NOCTTY));
	fails(ioctl(slave, TIOCGPTN, &number), ENOTTY);
	holds(!strcmp(ptsname(master), name));
	/* The slave closed: the master reads EIO until it is opened again. */
	need(write(slave, "last words", 10));
	close(slave);
	is(read(master, buffer, 64), 10);
	fails(read(master, buffer, 64), EIO);
	struct pollfd p = {master, POLLIN | POLLOUT, 0};
	is(poll(&p, 1, 0), 1);
	is((p.revents & POLLHUP) != 0, 1);
	slave = (int)ok(open(name, O_RDWR | O_NOCTTY));
	fcntl(master, F_SETFL, O_NONBLOCK);
	fails(read(master, buffer, 64), EAGAIN);
	is(poll(&p, 1, 0), 1);
	is(p.revents, POLLOUT);
	/* The master closed: the slave reads end of file and writes EIO; its name is gone. */
	close(master);
	is(read(slave, buffer, 64), 0);
	fails(write(slave, "x", 1), EIO);
	p.fd = slave;
	is(poll(&p, 1, 0), 1);
	is((p.revents & POLLHUP) != 0, 1);
	struct termios tio;
	fails(tcgetattr(slave, &tio), EIO);
	fails(access(name, F_OK), ENOENT);
	close(slave);
}
