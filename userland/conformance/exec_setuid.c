#include "test.h"
#include <sys/auxv.h>
#include <sys/prctl.h>

static void copy_self(const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	char buffer[65536];
	ssize_t n;
	int from = (int)need(open("/proc/self/exe", O_RDONLY));
	int to = (int)need(open(name, O_WRONLY | O_CREAT, 0755));
	while ((n = need(read(from, buffer, sizeof buffer))) > 0)
		need(write(to, buffer, (size_t)n));
	close(from);
	need(fchown(to, uid, gid));
	need(fchmod(to, mode));
	close(to);
}

static pid_t run(const char *path)
{
	pid_t pid;
	char *argv[] = {"x", "show", NULL};
	SPAWN(pid, {
		become(1000);
		execv(path, argv);
		_exit(99);
	});
	return pid;
}

TEST("execve: set-user-ID and set-group-ID bits, AT_SECURE")
{
	if (test_argc > 1) {
		uid_t r, e, s;
		gid_t gr, ge, gs;
		getresuid(&r, &e, &s);
		getresgid(&gr, &ge, &gs);
		printf("uid %d %d %d gid %d %d %d secure %lu\n", r, e, s, gr, ge, gs, getauxval(AT_SECURE));
		printf("aux %lu %lu %lu %lu\n", getauxval(AT_UID), getauxval(AT_EUID), getauxval(AT_GID), getauxval(AT_EGID));
		is(prctl(PR_GET_DUMPABLE), getauxval(AT_SECURE) ? 0 : 1);
		return;
	}
	copy_self("plain", 0755, 0, 0);
	copy_self("setuid", 04755, 0, 0);
	copy_self("setuid2", 04755, 2000, 3000);
	copy_self("setgid", 02755, 2000, 3000);
	copy_self("both", 06755, 2000, 3000);
	copy_self("setgid-lock", 02745, 2000, 3000);
	pid_t pid = run("./plain");
	ends(pid, "exit 0");
	pid = run("./setuid");
	ends(pid, "exit 0");
	pid = run("./setuid2");
	ends(pid, "exit 0");
	pid = run("./setgid");
	ends(pid, "exit 0");
	pid = run("./both");
	ends(pid, "exit 0");
	/* Without group execute the set-group-ID bit means locking. */
	pid = run("./setgid-lock");
	ends(pid, "exit 0");
	/* Not for a process that has promised to gain nothing. */
	SPAWN(pid, {
		is(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
		is(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
		become(1000);
		char *argv[] = {"x", "show", NULL};
		execv("./setuid2", argv);
	});
	ends(pid, "exit 0");
}
