#include "test.h"
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

static char *argv[] = {"x", "quit", NULL};
static long at(int fd, const char *path, int flags)
{
	return syscall(SYS_execveat, fd, path, argv, environ, flags);
}

TEST("execveat and fexecve: descriptors instead of paths")
{
	if (test_argc > 1)
		exit(5);
	char self[PATH_MAX], *slash;
	ssize_t n = need(readlink("/proc/self/exe", self, sizeof self - 1));
	self[n] = 0;
	need(symlink(self, "link"));
	int here = (int)need(open(".", O_PATH | O_DIRECTORY)), prog = (int)need(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	slash = strrchr(self, '/');
	pid_t pid;
	SPAWN(pid, at(here, "link", 0); _exit(99));
	ends(pid, "exit 5");
	SPAWN(pid, {
		need(chdir("/"));
		at(here, "link", 0);
		_exit(99);
	});
	ends(pid, "exit 5");
	SPAWN(pid, at(AT_FDCWD, "link", 0); _exit(99));
	ends(pid, "exit 5");
	SPAWN(pid, at(-1, self, 0); _exit(99));
	ends(pid, "exit 5");
	SPAWN(pid, at(prog, "", AT_EMPTY_PATH); _exit(99));
	ends(pid, "exit 5");
	SPAWN(pid, fexecve(prog, argv, environ); _exit(99));
	ends(pid, "exit 5");
	fails(at(here, "link", AT_SYMLINK_NOFOLLOW), ELOOP);
	fails(at(prog, "", 0), ENOENT);
	fails(at(-1, "link", 0), EBADF);
	fails(at(prog, "link", 0), ENOTDIR);
	fails(at(here, "", AT_EMPTY_PATH), EACCES);
	fails(at(here, "link", 0x8), EINVAL);
	/* A script through a close-on-exec descriptor can't be found again by its interpreter. */
	char text[PATH_MAX + 8];
	snprintf(text, sizeof text, "#!%s\n", self);
	put_file("script", text);
	need(chmod("script", 0755));
	int script = (int)need(open("script", O_RDONLY | O_CLOEXEC));
	fails(at(script, "", AT_EMPTY_PATH), ENOENT);
	(void)slash;
}
