#include "native.h"
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CHILD_DOES(...) \
	do { \
		pid_t test_pid; \
		SPAWN(test_pid, { __VA_ARGS__ }); \
		ends(test_pid, "exit 0"); \
	} while (0)

NATIVE_TEST("unveil: what is not unveiled is not there")
{
	struct stat s;
	char text[32] = "";
	if (test_argc == 3) {
		/* Executed below: is "secret" there again? */
		_exit((stat("secret/file", &s) == 0) != atoi(test_argv[2]));
	}
	need(mkdir("open", 0755));
	need(mkdir("open/inner", 0755));
	need(mkdir("secret", 0755));
	put_file("open/file", "public");
	put_file("open/inner/file", "inner");
	put_file("secret/file", "private");
	put_file("alone", "alone");
	need(symlink("../secret/file", "open/link"));
	need(symlink("../open/file", "secret/link"));
	char here[256], path[512], self[64];
	need(getcwd(here, sizeof here) ? 0 : -1);
	snprintf(self, sizeof self, "/proc/%d", getpid());

	note("-- reading");
	CHILD_DOES({
		int held = (int)need(open("secret", O_RDONLY | O_DIRECTORY)), file = (int)need(open("secret/file", O_RDONLY));
		ok(exo_unveil("open", "r"));
		ok(exo_unveil(NULL, NULL));
		ok(open("open/file", O_RDONLY));
		ok(open("open/inner/file", O_RDONLY));
		ok(stat("open", &s));
		fails(open("open/file", O_RDWR), EACCES);
		fails(open("open/new", O_WRONLY | O_CREAT, 0600), EACCES);
		fails(unlink("open/file"), EACCES);
		fails(mkdir("open/new", 0700), EACCES);
		fails(chmod("open/file", 0600), EACCES);
		fails(truncate("open/file", 0), EACCES);
		fails(execl("open/file", "x", NULL), EACCES);
		note("-- hiding");
		fails(open("secret/file", O_RDONLY), ENOENT);
		fails(stat("secret", &s), ENOENT);
		fails(stat("secret/nothing", &s), ENOENT);
		fails(stat("secret/file/below", &s), ENOENT);
		fails(mkdir("secret/new", 0700), ENOENT);
		fails(unlink("secret/file"), ENOENT);
		fails(stat("alone", &s), ENOENT);
		fails(stat("/", &s), ENOENT);
		fails(stat("/etc/passwd", &s), ENOENT);
		fails(open("/dev/null", O_RDWR), ENOENT);
		note("-- ways around");
		fails(open("open/../secret/file", O_RDONLY), ENOENT);
		ok(open("secret/../open/file", O_RDONLY));
		fails(open("open/link", O_RDONLY), ENOENT);
		ok(open("secret/link", O_RDONLY));
		fails(openat(held, "file", O_RDONLY), ENOENT);
		fails(openat(held, "nothing", O_RDONLY), ENOENT);
		fails(rename("secret/file", "open/stolen"), ENOENT);
		fails(link("secret/file", "open/stolen"), ENOENT);
		fails(chdir("secret"), ENOENT);
		fails(mount("secret", "open/inner", NULL, MS_BIND, NULL), ENOENT);
		snprintf(path, sizeof path, "/proc/self/fd/%d", file);
		fails(open(path, O_RDONLY), ENOENT);
		fails(open("/proc/self/cwd/secret/file", O_RDONLY), ENOENT);
		fails(open("/proc/self/root/etc/passwd", O_RDONLY), ENOENT);
		ok(fchdir(held));
		fails(open("file", O_RDONLY), ENOENT);
		fails(open(".", O_RDONLY), ENOENT);
		ok(open("../open/file", O_RDONLY));
		ok(fchdir(held));
		is(read(file, text, 7), 7);
		note("-- it is final");
		fails(exo_unveil("/", "r"), EPERM);
		fails(exo_unveil("open", "r"), EPERM);
	});

	note("-- permissions");
	CHILD_DOES({
		ok(exo_unveil("open", "r"));
		ok(exo_unveil("open/inner", "rwc"));
		ok(exo_unveil("alone", "rw"));
		ok(exo_unveil("later", "rwc"));
		ok(open("alone", O_RDWR));
		fails(unlink("alone"), EACCES);
		fails(open("alone", O_RDWR | O_CREAT, 0600), EACCES);
		ok(open("open/inner/new", O_RDWR | O_CREAT, 0600));
		ok(rename("open/inner/new", "open/inner/other"));
		ok(link("open/inner/other", "open/inner/third"));
		ok(unlink("open/inner/other"));
		ok(mkdir("open/inner/d", 0700));
		ok(chmod("open/inner/d", 0755));
		ok(close((int)need(open("later", O_RDWR | O_CREAT, 0600))));
		ok(unlink("later"));
		fails(open("laterer", O_RDWR | O_CREAT, 0600), ENOENT);
		note("-- no name gives more than another of the same file did");
		fails(link("open/file", "open/inner/more"), EACCES);
		fails(rename("open/file", "open/inner/more"), EACCES);
		fails(rename("open/inner/file", "open/less"), EACCES);
		note("-- less can be allowed later, more cannot");
		ok(exo_unveil("open/inner", "r"));
		fails(open("open/inner/new", O_RDWR | O_CREAT, 0600), EACCES);
		fails(exo_unveil("open/inner", "rw"), EPERM);
		ok(exo_unveil("open/inner", ""));
		fails(stat("open/inner", &s), ENOENT);
		fails(stat("open/inner/file", &s), ENOENT);
		ok(open("open/file", O_RDONLY));
	});

	note("-- names moved along with a directory; a new one in its place is another");
	CHILD_DOES({
		need(mkdir("moving", 0755));
		put_file("moving/file", "x");
		ok(exo_unveil(here, "rwc"));
		ok(exo_unveil("moving", "r"));
		ok(rename("moving", "moved"));
		fails(open("moved/file", O_RDWR), EACCES);
		ok(mkdir("moving", 0755));
		ok(rmdir("moving"));
	});

	note("-- threads, children, programs");
	CHILD_DOES({
		ok(exo_unveil("open", "r"));
		pid_t child = fork();
		if (!child)
			_exit(open("secret/file", O_RDONLY) == -1 && errno == ENOENT ? 0 : 1);
		int status = 1;
		need(waitpid(child, &status, 0));
		is(status, 0);
		ok(exo_unveil("/proc/self/exe", "x"));
		fails(stat("/proc/self/exe", &s), ENOENT);
	});
	int exe = (int)need(open("/proc/self/exe", O_RDONLY));
	CHILD_DOES({
		ok(exo_unveil("open", "r"));
		fexecve(exe, (char *[]){"unveil", "x", "1", NULL}, environ);
	});
	CHILD_DOES({
		ok(exo_unveil("open", "r"));
		need(exo_pledge("stdio exec rpath", "stdio rpath"));
		fexecve(exe, (char *[]){"unveil", "x", "0", NULL}, environ);
	});
	CHILD_DOES({
		ok(exo_unveil("open/file", "r"));
		need(exo_pledge("stdio rpath unveil", NULL));
		ok(exo_unveil("alone", "r"));
		ok(open("alone", O_RDONLY));
		need(exo_pledge("stdio rpath", NULL));
		fails(stat("open", &s), ENOENT);
	});

	note("-- local sockets");
	CHILD_DOES({
		struct sockaddr_un name = {AF_UNIX, "secret/socket"};
		int one = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
		int two = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
		ok(exo_unveil("open", "r"));
		fails(bind(one, (struct sockaddr *)&name, sizeof name), ENOENT);
		fails(connect(two, (struct sockaddr *)&name, sizeof name), ENOENT);
		strcpy(name.sun_path, "open/socket");
		fails(bind(one, (struct sockaddr *)&name, sizeof name), EACCES);
	});

	note("-- chroot and mounts");
	CHILD_DOES({
		ok(exo_unveil("open", "rwxc"));
		ok(chroot("open"));
		ok(chdir("/"));
		ok(open("/file", O_RDONLY));
		fails(open("/../../secret/file", O_RDONLY), ENOENT);
		ok(mount("none", "/inner", "tmpfs", 0, NULL));
		ok(close(open("/inner/new", O_RDWR | O_CREAT, 0600)));
		ok(umount("/inner"));
	});

	note("-- bad arguments");
	fails(exo_unveil("open", "q"), EINVAL);
	fails(exo_unveil("open", NULL), EFAULT);
	fails(exo_unveil(NULL, "r"), EFAULT);
	fails(exo_unveil("nothing/below", "r"), ENOENT);
	fails(exo_unveil("", "r"), ENOENT);
	ok(stat("secret/file", &s));
	CHILD_DOES({
		int number = 0;
		do
			snprintf(path, sizeof path, "name%d", number);
		while (exo_unveil(path, "r") == 0 && ++number < 1000);
		is(errno, E2BIG);
		is(number, 128);
	});
}
