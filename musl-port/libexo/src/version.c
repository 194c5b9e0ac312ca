#include <errno.h>
#include <exo.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

/* musl's name of the running program. */
extern char *__progname;

int exo_version(void)
{
	return (int)syscall(SYS_exo_version);
}

void exo_require(void)
{
	int version = exo_version();
	if (version == EXO_VERSION)
		return;
	struct utsname system = {0};
	uname(&system);
	if (version < 0)
		fprintf(stderr, "%s: needs the native calls of Exo-OS, which this kernel (%s %s) does not have\n",
			__progname, system.sysname, system.release);
	else
		fprintf(stderr, "%s: needs version %d of the native calls of Exo-OS; this kernel has version %d\n",
			__progname, EXO_VERSION, version);
	exit(EXO_UNAVAILABLE);
}
