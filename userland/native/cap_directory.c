#include "native.h"
#include <sys/socket.h>

NATIVE_TEST("what is found through a derived capability is derived, too")
{
	char byte;
	struct stat s;
	struct exo_cap_info info;
	need(mkdir("d", 0755));
	need(mkdir("d/sub", 0755));
	put_file("d/file", "content");
	put_file("outside", "secret");
	need(symlink("../outside", "d/out"));
	need(symlink("/etc/passwd", "d/absolute"));
	need(symlink("file", "d/in"));
	int whole = (int)need(open("d", O_RDONLY | O_DIRECTORY));
	int dir = (int)need(exo_cap_clone(whole, EXO_ALL_RIGHTS & ~EXO_RIGHT_WRITE & ~EXO_RIGHT_SET_ATTR, 5, 0));

	note("-- no way out");
	int file = openat(dir, "file", O_RDONLY);
	ok(file);
	ok(openat(dir, "in", O_RDONLY));
	ok(fstatat(dir, "sub", &s, 0));
	fails(openat(dir, "../outside", O_RDONLY), EXDEV);
	fails(openat(dir, "out", O_RDONLY), EXDEV);
	fails(openat(dir, "absolute", O_RDONLY), EXDEV);
	fails(fstatat(dir, "..", &s, 0), EXDEV);
	fails(fstatat(dir, "sub/../../outside", &s, 0), EXDEV);
	fails(fchdir(dir), EACCES);
	ok(openat(whole, "../outside", O_RDONLY));

	note("-- no changes");
	fails(openat(dir, "file", O_RDWR), EACCES);
	fails(openat(dir, "new", O_RDONLY | O_CREAT, 0600), EACCES);
	fails(openat(dir, "file", O_RDONLY | O_TRUNC), EACCES);
	fails(openat(dir, ".", O_RDWR | O_TMPFILE, 0600), EACCES);
	fails(mkdirat(dir, "new", 0700), EACCES);
	fails(mknodat(dir, "new", S_IFIFO | 0600, 0), EACCES);
	fails(symlinkat("x", dir, "new"), EACCES);
	fails(linkat(dir, "file", dir, "new", 0), EACCES);
	fails(renameat(dir, "file", dir, "new"), EACCES);
	fails(renameat(dir, "file", AT_FDCWD, "new"), EACCES);
	fails(unlinkat(dir, "file", 0), EACCES);
	fails(syscall(SYS_fchmodat, dir, "file", 0600), EACCES);
	fails(fchownat(dir, "file", 0, 0, 0), EACCES);
	fails(utimensat(dir, "file", NULL, 0), EACCES);

	note("-- derived: rights, badge, and the end");
	ok(exo_cap_info(file, &info));
	is(info.state, EXO_CAP_DERIVED);
	is(info.badge, 5);
	holds(!(info.rights & (EXO_RIGHT_WRITE | EXO_RIGHT_SET_ATTR)));
	int sub = (int)need(openat(dir, "sub", O_RDONLY | O_DIRECTORY)), deep = (int)need(openat(sub, ".", O_RDONLY | O_DIRECTORY));
	ok(exo_cap_revoke(whole, 0));
	fails(read(file, &byte, 1), EKEYREVOKED);
	fails(openat(dir, "file", O_RDONLY), EKEYREVOKED);
	fails(openat(sub, ".", O_RDONLY), EKEYREVOKED);
	fails(openat(deep, ".", O_RDONLY), EKEYREVOKED);
	ok(openat(whole, "file", O_RDWR));

	note("-- chains over several files have an end, too");
	int chain = (int)need(exo_cap_clone(whole, EXO_ALL_RIGHTS, 0, 0)), length = 1;
	for (int next; (next = openat(chain, ".", O_RDONLY | O_DIRECTORY)) >= 0; length++) {
		close(chain);
		chain = next;
	}
	is(errno, EMLINK);
	holds(length >= 30 && length <= 64);

	note("-- connections and rings");
	int listener = (int)need(socket(AF_UNIX, SOCK_STREAM, 0)), client = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	struct sockaddr name = {AF_UNIX, "name"};
	need(bind(listener, &name, sizeof name));
	need(listen(listener, 1));
	need(connect(client, &name, sizeof name));
	int derived = (int)need(exo_cap_clone(listener, EXO_ALL_RIGHTS, 0, 0));
	int connection = (int)need(accept(derived, NULL, NULL));
	need(write(client, "x", 1));
	is(read(connection, &byte, 1), 1);
	ok(exo_cap_revoke(listener, 0));
	fails(read(connection, &byte, 1), EKEYREVOKED);

	note("-- waiting for a process by a capability");
	pid_t pid, sleeper;
	SPAWN(sleeper, pause());
	int process = (int)need(exo_cap_open(EXO_KIND_PROCESS, sleeper, 0));
	int waiter = (int)need(exo_cap_clone(process, EXO_RIGHT_WAIT, 0, 0));
	SPAWN(pid, {
		nanosleep(&(struct timespec){0, 50000000}, NULL);
		need(exo_cap_revoke(process, 0));
	});
	siginfo_t child;
	fails(waitid(P_PIDFD, (id_t)waiter, &child, WEXITED), EKEYREVOKED);
	ends(pid, "exit 0");
	need(kill(sleeper, SIGKILL));
	ends(sleeper, "signal SIGKILL");
}
