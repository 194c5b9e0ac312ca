#include "test.h"
#include <sched.h>

static char stack[65536];
static int value;
static int child_fd = -1;

static int work(void *arg)
{
	value = 7;
	child_fd = open("/dev/null", O_RDONLY);
	(void)!chdir("sub");
	umask(077);
	(void)arg;
	return 11;
}

static pid_t run(int flags)
{
	value = 0;
	child_fd = -1;
	return (pid_t)need(clone(work, stack + sizeof stack, flags | SIGCHLD, NULL));
}

static const char *base(void)
{
	static char path[PATH_MAX];
	need((long)getcwd(path, sizeof path));
	return strrchr(path, '/') + 1;
}

TEST("clone: what CLONE_VM, CLONE_FILES and CLONE_FS share, each alone")
{
	need(mkdir("top", 0755));
	need(mkdir("top/sub", 0755));
	need(chdir("top"));
	pid_t pid = run(0);
	ends(pid, "exit 11");
	is(value, 0);
	text_is(base(), "top");
	pid = run(CLONE_VM);
	ends(pid, "exit 11");
	is(value, 7);
	holds(child_fd >= 0);
	fails(fcntl(child_fd, F_GETFD), EBADF);
	pid = run(CLONE_VM | CLONE_FILES);
	ends(pid, "exit 11");
	ok(fcntl(child_fd, F_GETFD));
	text_is(base(), "top");
	pid = run(CLONE_FS);
	ends(pid, "exit 11");
	is(value, 0);
	text_is(base(), "sub");
	is(umask(022), 077);
	pid = run(CLONE_VM | CLONE_VFORK);
	is(value, 7);
	ends(pid, "exit 11");
}
