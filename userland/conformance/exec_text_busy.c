#include "test.h"
static char *argv[] = {"x", "quit", NULL};

TEST("execve and ETXTBSY: a file open for writing can't be run, a running one can't be written")
{
	if (test_argc > 1 && !strcmp(test_argv[1], "wait")) {
		char byte;
		need(write(1, "!", 1));
		need(read(0, &byte, 1));
		exit(0);
	}
	if (test_argc > 1)
		exit(0);
	char buffer[65536];
	int from = (int)need(open("/proc/self/exe", O_RDONLY));
	int to = (int)need(open("prog", O_WRONLY | O_CREAT, 0755));
	ssize_t n;
	while ((n = need(read(from, buffer, sizeof buffer))) > 0)
		need(write(to, buffer, (size_t)n));
	fails(execv("./prog", argv), ETXTBSY);
	close(to);
	int in[2], out[2];
	need(pipe2(in, O_CLOEXEC));
	need(pipe2(out, O_CLOEXEC));
	pid_t pid;
	SPAWN(pid, {
		dup2(in[0], 0);
		dup2(out[1], 1);
		argv[1] = "wait";
		execv("./prog", argv);
	});
	need(read(out[0], buffer, 1));
	fails(open("prog", O_WRONLY), ETXTBSY);
	fails(open("prog", O_RDWR), ETXTBSY);
	fails(truncate("prog", 0), ETXTBSY);
	ok(open("prog", O_RDONLY));
	ok(chmod("prog", 0700));
	/* It may be renamed and replaced. */
	ok(rename("prog", "old"));
	put_file("prog", "new text");
	ok(unlink("old"));
	need(write(in[1], "x", 1));
	ends(pid, "exit 0");
	ok(open("prog", O_WRONLY));
}
