#include "test.h"
#include <sys/sysinfo.h>
#include <sys/utsname.h>

TEST("uname, sysinfo, hostname: shape of the answers")
{
	struct utsname u;
	ok(uname(&u));
	text_is(u.sysname, "Linux");
	text_is(u.machine, "x86_64");
	holds(u.release[0] >= '3' && u.release[0] <= '9');
	holds(strlen(u.nodename) > 0 && strlen(u.version) > 0);
	fails(syscall(SYS_uname, (void *)8), EFAULT);
	char host[65];
	ok(gethostname(host, sizeof host));
	holds(!strcmp(host, u.nodename));
	struct sysinfo s;
	ok(sysinfo(&s));
	holds(s.totalram > 0 && s.freeram > 0 && s.freeram <= s.totalram);
	holds(s.procs > 0);
	holds(s.mem_unit >= 1);
	fails(syscall(SYS_sysinfo, (void *)8), EFAULT);
	CHILD({
		become(1000);
		fails(sethostname("x", 1), EPERM);
		fails(syscall(SYS_setdomainname, "x", 1), EPERM);
	});
	fails(sethostname("x", 65), EINVAL);
	fails(sethostname((char *)8, 4), EFAULT);
}
