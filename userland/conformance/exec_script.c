#include "test.h"
static pid_t run(const char *path, char **argv)
{
	pid_t pid;
	SPAWN(pid, {
		execve(path, argv, environ);
		printf("execve: %s\n", errno_name(errno));
		fflush(stdout);
		_exit(99);
	});
	return pid;
}

static void script(const char *name, const char *text)
{
	put_file(name, text);
	need(chmod(name, 0755));
}

TEST("execve: interpreter scripts")
{
	char self[PATH_MAX], text[PATH_MAX + 64];
	if (test_argc > 1 && strcmp(test_argv[0], "ignored")) {
		for (int i = 1; i < test_argc; i++)
			printf("argument %d: \"%s\"\n", i, test_argv[i]);
		return;
	}
	ssize_t n = need(readlink("/proc/self/exe", self, sizeof self - 1));
	self[n] = 0;
	/* A short name for the interpreter, so that the line limits are the same everywhere. */
	need(symlink(self, "I"));
	char *argv[] = {"ignored", "a", "b c", NULL};
	script("s1", "#!./I\nbody\n");
	pid_t pid = run("./s1", argv);
	ends(pid, "exit 0");
	script("s2", "#!./I one argument with blanks \n");
	pid = run("./s2", argv);
	ends(pid, "exit 0");
	script("s3", "#!  ./I\t-x  \t \n");
	pid = run("./s3", argv);
	ends(pid, "exit 0");
	script("s4", "#!./I");
	pid = run("./s4", argv);
	ends(pid, "exit 0");
	script("nested", "#!./s1 -n\n");
	pid = run("./nested", argv);
	ends(pid, "exit 0");
	script("no", "#!/no/such/interpreter\n");
	pid = run("./no", argv);
	ends(pid, "exit 99");
	script("blank", "#!   \n");
	pid = run("./blank", argv);
	ends(pid, "exit 99");
	script("self", "#!./self\n");
	pid = run("./self", argv);
	ends(pid, "exit 99");
	script("chain0", "#!./I\n");
	for (int i = 1; i <= 6; i++) {
		char name[16];
		snprintf(name, sizeof name, "chain%d", i);
		snprintf(text, sizeof text, "#!./chain%d\n", i - 1);
		script(name, text);
	}
	pid = run("./chain4", argv);
	ends(pid, "exit 0");
	pid = run("./chain6", argv);
	ends(pid, "exit 99");
	put_file("data", "no permission\n");
	script("denied", "#!./data\n");
	pid = run("./denied", argv);
	ends(pid, "exit 99");
	/* Run by a relative path from elsewhere: the script's own path is the argument. */
	need(mkdir("sub", 0755));
	script("sub/s", "#!./I\n");
	pid = run("sub/s", argv);
	ends(pid, "exit 0");
}
