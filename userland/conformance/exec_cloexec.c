#include "test.h"
TEST("execve: which descriptors survive")
{
	if (test_argc > 1) {
		for (int fd = 10; fd < 20; fd++)
			printf("%d: %s\n", fd, fcntl(fd, F_GETFD) < 0 ? errno_name(errno) : "open");
		return;
	}
	int fd = (int)need(open("/dev/null", O_RDWR));
	for (int i = 10; i < 20; i++)
		need(dup2(fd, i));
	need(fcntl(11, F_SETFD, FD_CLOEXEC));
	need(fcntl(13, F_SETFD, FD_CLOEXEC));
	need(fcntl(13, F_SETFD, 0));
	need(dup3(fd, 14, O_CLOEXEC));
	need(close(15));
	need(close(16));
	need(fcntl(fd, F_DUPFD_CLOEXEC, 15));
	need(open("/dev/null", O_RDONLY | O_CLOEXEC));
	need(dup2(14, 17));
	pid_t pid;
	char *argv[] = {"x", "show", NULL};
	SPAWN(pid, execv("/proc/self/exe", argv));
	ends(pid, "exit 0");
	/* A failed exec closes nothing. */
	CHILD({
		fails(execv("/nonexistent", argv), ENOENT);
		ok(fcntl(11, F_GETFD));
	});
}
