#include <exo.h>
#include <unistd.h>

int exo_cap_clone(int fd, uint64_t rights, uint64_t badge, int flags)
{
	return (int)syscall(SYS_exo_cap_clone, fd, rights, badge, flags);
}

int exo_cap_restrict(int fd, uint64_t rights)
{
	return (int)syscall(SYS_exo_cap_restrict, fd, rights);
}

int exo_cap_revoke(int fd, int flags)
{
	return (int)syscall(SYS_exo_cap_revoke, fd, flags);
}

int exo_cap_info(int fd, struct exo_cap_info *info)
{
	return (int)syscall(SYS_exo_cap_info, fd, info);
}

int exo_cap_check(int fd, int ancestor)
{
	return (int)syscall(SYS_exo_cap_check, fd, ancestor);
}

int exo_cap_open(int kind, int id, int flags)
{
	return (int)syscall(SYS_exo_cap_open, kind, id, flags);
}
