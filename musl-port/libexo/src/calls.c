/* The system calls as they are. */
#include "internal.h"

int exo_ring_create(int form, unsigned shift, unsigned flags, int fds[2])
{
	return (int)syscall(SYS_exo_ring_create, form, shift, flags, fds);
}

int exo_ring_duplicate(int fd, unsigned flags)
{
	return (int)syscall(SYS_exo_ring_duplicate, fd, flags);
}

int exo_ring_hang_up(int fd)
{
	return (int)syscall(SYS_exo_ring_close, fd);
}

int exo_ring_stat(int fd, struct exo_ring_stat *stat)
{
	return (int)syscall(SYS_exo_ring_stat, fd, stat);
}

int exo_name(int fd, const char *name, unsigned mode)
{
	return (int)syscall(SYS_exo_name, fd, name, mode);
}

int exo_unname(const char *name)
{
	return (int)syscall(SYS_exo_unname, name);
}

int exo_attach(const char *name, int side, unsigned flags)
{
	return (int)syscall(SYS_exo_attach, name, side, flags);
}

int exo_pool_create(const struct exo_pool_class *classes, unsigned count, unsigned flags)
{
	return (int)syscall(SYS_exo_pool_create, classes, count, flags);
}

int exo_pool_join(int fd, int writable, unsigned flags)
{
	return (int)syscall(SYS_exo_pool_join, fd, writable, flags);
}
