#include "test.h"
TEST("/dev/null, zero, full, random, urandom")
{
	char buffer[64], other[64], zeros[64] = {0};
	int null = (int)need(open("/dev/null", O_RDWR)), zero = (int)need(open("/dev/zero", O_RDWR)), full = (int)need(open("/dev/full", O_RDWR));
	is(read(null, buffer, 64), 0);
	is(write(null, buffer, 64), 64);
	is(write(null, (void *)8, 64), 64);
	memset(buffer, 'x', 64);
	is(read(zero, buffer, 64), 64);
	is(memcmp(buffer, zeros, 64), 0);
	is(write(zero, buffer, 64), 64);
	fails(read(zero, (void *)8, 64), EFAULT);
	fails(write(full, buffer, 1), ENOSPC);
	is(read(full, buffer, 64), 64);
	is(memcmp(buffer, zeros, 64), 0);
	int random = (int)need(open("/dev/urandom", O_RDONLY));
	is(read(random, buffer, 64), 64);
	is(read(random, other, 64), 64);
	holds(memcmp(buffer, other, 64) != 0);
	int strong = (int)need(open("/dev/random", O_RDONLY));
	holds(read(strong, buffer, 16) == 16);
	is(syscall(SYS_getrandom, buffer, 64, 0), 64);
	holds(memcmp(buffer, other, 64) != 0);
	is(syscall(SYS_getrandom, buffer, 10, 1), 10);
	fails(syscall(SYS_getrandom, buffer, 10, 0x100), EINVAL);
	fails(syscall(SYS_getrandom, (void *)8, 10, 0), EFAULT);
	fails(ioctl(null, TCGETS, buffer), ENOTTY);
	struct pollfd p = {null, POLLIN | POLLOUT, 0};
	is(poll(&p, 1, 0), 1);
	is(p.revents, POLLIN | POLLOUT);
	is(isatty(null), 0);
}
