#include "test.h"
static char *argv[] = {"x", NULL};
static int run(const char *path) { return execve(path, argv, environ); }

TEST("execve: the error for every kind of file that is no program")
{
	char name[300], *const bad = (char *)8;
	need(mkdir("dir", 0755));
	put_file("plain", "not a program\n");
	put_file("text", "not a program either\n");
	put_file("empty", "");
	put_file("short", "\177ELF");
	need(chmod("text", 0755));
	need(chmod("empty", 0755));
	need(chmod("short", 0755));
	need(symlink("loop", "loop"));
	need(symlink("nowhere", "dangling"));
	need(mkfifo("fifo", 0755));
	fails(run("absent"), ENOENT);
	fails(run(""), ENOENT);
	fails(run("dangling"), ENOENT);
	fails(run("dir"), EACCES);
	fails(run("plain"), EACCES);
	fails(run("fifo"), EACCES);
	fails(run("/dev/null"), EACCES);
	fails(run("text"), ENOEXEC);
	fails(run("empty"), ENOEXEC);
	fails(run("short"), ENOEXEC);
	fails(run("plain/x"), ENOTDIR);
	fails(run("loop"), ELOOP);
	memset(name, 'n', sizeof name);
	name[299] = 0;
	fails(run(name), ENAMETOOLONG);
	fails(run(bad), EFAULT);
	fails(execve("/proc/self/exe", (char **)bad, environ), EFAULT);
	char *broken[] = {"x", bad, NULL};
	fails(execve("/proc/self/exe", broken, environ), EFAULT);
	CHILD({
		put_file("secret", "#!/bin/sh\n");
		need(chmod("secret", 0700));
		become(1000);
		fails(run("secret"), EACCES);
	});
	need(mkdir("closed", 0700));
	put_file("closed/f", "x");
	CHILD({
		become(1000);
		fails(run("closed/f"), EACCES);
	});
}
