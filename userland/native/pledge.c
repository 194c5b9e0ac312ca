#include "native.h"
#include "pass.h"
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* How a child ends that promises this and then does that. */
#define PLEDGED(promises, end, ...) \
	do { \
		pid_t test_pid; \
		note("-- " promises ": " #__VA_ARGS__); \
		SPAWN(test_pid, { \
			need(exo_pledge(promises, NULL)); \
			__VA_ARGS__; \
		}); \
		ends(test_pid, end); \
	} while (0)
#define KILLED "signal SIGABRT"
#define FINE "exit 0"

static char token;

static void *body(void *argument)
{
	return argument;
}

static void thread(void)
{
	pthread_t one;
	void *result = NULL;
	need(-pthread_create(&one, NULL, body, &token));
	pthread_join(one, &result);
	holds(result == &token);
}

/* A thread breaks the promises that another one makes. */
static volatile int pledged;

static void *breaker(void *argument)
{
	while (!pledged)
		;
	for (;;)
		socket(AF_UNIX, SOCK_STREAM, 0);
	return argument;
}

static void pledge_beside_a_thread(void)
{
	pthread_t one;
	need(-pthread_create(&one, NULL, breaker, NULL));
	need(exo_pledge("stdio", NULL));
	pledged = 1;
	pthread_join(one, NULL);
}

NATIVE_TEST("pledge: what promises allow, and what becomes of those who break them")
{
	if (test_argc == 2) {
		/* Executed below: may this program open files? */
		_exit(open("f", O_RDONLY) < 0);
	}
	int sock[2];
	struct timespec now;
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	put_file("f", "content");
	int fd = (int)need(open("f", O_RDWR));

	PLEDGED("stdio", FINE, { char c; is(read(fd, &c, 1), 1); is(write(fd, "x", 1), 1); });
	PLEDGED("stdio", FINE, ok(clock_gettime(CLOCK_MONOTONIC, &now)); ok(getpid()); holds(malloc(1 << 20) != NULL));
	PLEDGED("stdio", FINE, thread());
	PLEDGED("stdio", FINE, ok(open("/dev/null", O_RDWR)));
	PLEDGED("stdio", FINE, kill(getpid(), 0); raise(SIGCHLD); isatty(1));
	PLEDGED("stdio", FINE, struct stat s; ok(fstat(fd, &s)));
	PLEDGED("stdio", KILLED, open("f", O_RDONLY));
	PLEDGED("stdio", KILLED, struct stat s; stat("f", &s));
	PLEDGED("stdio", KILLED, fork());
	PLEDGED("stdio", KILLED, socket(AF_UNIX, SOCK_STREAM, 0));
	PLEDGED("stdio", KILLED, kill(getppid(), 0));
	PLEDGED("stdio", KILLED, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	PLEDGED("stdio", KILLED, mkdir("d", 0700));
	PLEDGED("stdio", KILLED, setuid(0));
	PLEDGED("stdio", KILLED, ioctl(1, TIOCSWINSZ, &(struct winsize){0}));
	PLEDGED("stdio", KILLED, fcntl(fd, F_SETLK, &(struct flock){.l_type = F_RDLCK}));
	PLEDGED("stdio", KILLED, mount("none", "/mnt", "tmpfs", 0, NULL));
	PLEDGED("stdio", KILLED, send_fd(sock[0], fd));
	PLEDGED("stdio", KILLED, prctl(PR_CAPBSET_DROP, 0, 0, 0, 0));
	PLEDGED("stdio", KILLED, signal(SIGABRT, SIG_IGN); getpriority(PRIO_PROCESS, 0));
	PLEDGED("", KILLED, getpid(); write(1, "", 0));
	PLEDGED("stdio", KILLED, pledge_beside_a_thread());

	PLEDGED("stdio rpath", FINE, ok(open("f", O_RDONLY)); ok(access("f", R_OK)); ok(chdir("/")));
	PLEDGED("stdio rpath", KILLED, open("f", O_RDWR));
	PLEDGED("stdio rpath", KILLED, open("f", O_RDONLY | O_CREAT, 0600));
	PLEDGED("stdio rpath", KILLED, open("f", O_RDONLY | O_TRUNC));
	PLEDGED("stdio rpath wpath", FINE, ok(open("f", O_RDWR)));
	PLEDGED("stdio wpath", KILLED, open("f", O_RDWR));
	PLEDGED("stdio rpath wpath", KILLED, open("new", O_RDWR | O_CREAT, 0600));
	PLEDGED("stdio wpath cpath", FINE, ok(open("new", O_WRONLY | O_CREAT, 0600)); ok(rename("new", "old")); ok(unlink("old")));
	PLEDGED("stdio cpath", FINE, ok(mkdir("d", 0700)); ok(rmdir("d")); ok(symlink("f", "l")); ok(unlink("l")));
	PLEDGED("stdio cpath", KILLED, mkfifo("p", 0600));
	PLEDGED("stdio dpath", FINE, ok(mkfifo("p", 0600)));
	PLEDGED("stdio fattr", FINE, ok(chmod("f", 0600)));
	PLEDGED("stdio fattr", KILLED, chown("f", 0, 0));
	PLEDGED("stdio chown", FINE, ok(chown("f", 0, 0)));
	PLEDGED("stdio tmppath", FINE, ok(open("/tmp/pledge_test", O_RDWR | O_CREAT, 0600)); ok(unlink("/tmp/pledge_test")));
	PLEDGED("stdio tmppath", KILLED, open("/tmp/../etc/passwd", O_RDONLY));
	PLEDGED("stdio cpath tmppath", FINE, ok(symlink("/etc/passwd", "/tmp/pledge_link")); fails(open("/tmp/pledge_link", O_RDONLY), ELOOP); ok(unlink("/tmp/pledge_link")));
	PLEDGED("stdio getpw", FINE, ok(open("/etc/passwd", O_RDONLY)));
	PLEDGED("stdio getpw", KILLED, open("/etc/passwd", O_RDWR));
	PLEDGED("stdio getpw", KILLED, open("/etc/shadow", O_RDONLY));
	PLEDGED("stdio getpw", KILLED, open("/etc/../etc/passwd", O_RDONLY));
	PLEDGED("stdio unix", FINE, ok(socket(AF_UNIX, SOCK_STREAM, 0)));
	PLEDGED("stdio unix", KILLED, socket(AF_INET, SOCK_STREAM, 0));
	PLEDGED("stdio proc", FINE, pid_t p = fork(); if (!p) _exit(0); ok(waitpid(p, NULL, 0)));
	PLEDGED("stdio proc", KILLED, execl("/proc/self/exe", "x", NULL));
	PLEDGED("stdio sendfd", FINE, ok(send_fd(sock[0], fd)));
	PLEDGED("stdio", KILLED, receive_fd(sock[1]));
	PLEDGED("stdio flock", FINE, ok(fcntl(fd, F_SETLK, &(struct flock){.l_type = F_RDLCK})));
	PLEDGED("stdio prot_exec", FINE, holds(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED));
	PLEDGED("stdio id", FINE, ok(setuid(0)));
	PLEDGED("stdio", KILLED, exo_unveil("/", "r"));
	PLEDGED("stdio proc", FINE, need(exo_pledge("stdio", NULL)); fails(exo_pledge("stdio proc", NULL), EPERM));
	/* What fails does nothing: what the next program promises is still open. */
	PLEDGED("stdio", FINE, fails(exo_pledge("stdio rpath", "stdio"), EPERM); need(exo_pledge(NULL, "stdio rpath")));

	note("-- children keep the promises");
	PLEDGED("stdio proc", FINE, {
		pid_t child = fork();
		if (!child)
			open("f", O_RDONLY);
		int status = 0;
		need(waitpid(child, &status, 0));
		is(WTERMSIG(status), SIGABRT);
	});

	note("-- error: ENOSYS instead");
	PLEDGED("stdio error", FINE, fails(open("f", O_RDONLY), ENOSYS); fails(socket(AF_UNIX, SOCK_STREAM, 0), ENOSYS); fails(fork(), ENOSYS));

	note("-- programs that are executed are free, or have promises of their own");
	pid_t pid;
	SPAWN(pid, {
		need(exo_pledge("stdio exec", NULL));
		execl("/proc/self/exe", "pledge", "x", NULL);
	});
	/* /proc/self/exe is followed for exec alone. */
	ends(pid, "exit 0");
	SPAWN(pid, {
		need(exo_pledge("stdio exec", "stdio rpath"));
		execl("/proc/self/exe", "pledge", "x", NULL);
	});
	ends(pid, "exit 0");
	SPAWN(pid, {
		need(exo_pledge("stdio exec", "stdio"));
		execl("/proc/self/exe", "pledge", "x", NULL);
	});
	ends(pid, KILLED);
	SPAWN(pid, {
		need(exo_pledge(NULL, "stdio"));
		fails(exo_pledge(NULL, "stdio rpath"), EPERM);
		ok(open("f", O_RDONLY));
		execl("/proc/self/exe", "pledge", "x", NULL);
	});
	ends(pid, KILLED);

	note("-- bad arguments");
	fails(exo_pledge("stdio nonsense", NULL), EINVAL);
	fails(exo_pledge("stdio always", NULL), EINVAL);
	fails(exo_pledge((char *)8, NULL), EFAULT);
	ok(exo_pledge(NULL, NULL));
	ok(open("f", O_RDONLY));
}
