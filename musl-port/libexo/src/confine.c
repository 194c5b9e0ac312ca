#include <exo.h>
#include <unistd.h>

int exo_pledge(const char *promises, const char *exec_promises)
{
	return (int)syscall(SYS_exo_pledge, promises, exec_promises);
}

int exo_unveil(const char *path, const char *permissions)
{
	return (int)syscall(SYS_exo_unveil, path, permissions);
}
