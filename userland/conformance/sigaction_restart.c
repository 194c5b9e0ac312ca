#include "test.h"
static volatile int calls;
static void handler(int sig) { calls++; }

static void poke(int fd, pid_t target, const char *then)
{
	need(await_state(target, 'S') ? 0 : -1);
	kill(target, SIGUSR1);
	sleep_ms(20);
	need(await_state(target, 'S') ? 0 : -1);
	if (then)
		need(write(fd, then, strlen(then)));
}

TEST("SA_RESTART: which calls go on after a handler and which say EINTR")
{
	int fds[2];
	char c;
	pid_t pid, me = getpid(), child;
	struct sigaction restart = {.sa_handler = handler, .sa_flags = SA_RESTART}, plain = {.sa_handler = handler};
	need(pipe(fds));
	need(sigaction(SIGUSR1, &restart, NULL));
	SPAWN(pid, poke(fds[1], me, "r"));
	is(read(fds[0], &c, 1), 1);
	ends(pid, "exit 0");
	is(calls, 1);
	SPAWN(child, wait_gate((struct gate){{fds[0], fds[1]}}));
	SPAWN(pid, poke(fds[1], me, "w"));
	is(waitpid(child, NULL, 0) == child, 1);
	ends(pid, "exit 0");
	is(calls, 2);
	/* Never restarted, whatever the flag says. */
	struct pollfd p = {fds[0], POLLIN, 0};
	SPAWN(pid, { need(await_state(me, 'S') ? 0 : -1); kill(me, SIGUSR1); });
	fails(poll(&p, 1, -1), EINTR);
	ends(pid, "exit 0");
	fd_set set;
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	SPAWN(pid, { need(await_state(me, 'S') ? 0 : -1); kill(me, SIGUSR1); });
	fails(select(fds[0] + 1, &set, NULL, NULL, NULL), EINTR);
	ends(pid, "exit 0");
	SPAWN(pid, { need(await_state(me, 'S') ? 0 : -1); kill(me, SIGUSR1); });
	fails(pause(), EINTR);
	ends(pid, "exit 0");
	struct timespec t = {5, 0}, left = {0, 0};
	SPAWN(pid, { need(await_state(me, 'S') ? 0 : -1); kill(me, SIGUSR1); });
	fails(nanosleep(&t, &left), EINTR);
	holds(left.tv_sec > 0 && left.tv_sec < 5);
	ends(pid, "exit 0");
	need(sigaction(SIGUSR1, &plain, NULL));
	SPAWN(pid, { need(await_state(me, 'S') ? 0 : -1); kill(me, SIGUSR1); });
	fails(read(fds[0], &c, 1), EINTR);
	ends(pid, "exit 0");
	SPAWN(child, pause());
	SPAWN(pid, { need(await_state(me, 'S') ? 0 : -1); kill(me, SIGUSR1); });
	fails(waitpid(child, NULL, 0), EINTR);
	ends(pid, "exit 0");
	need(kill(child, SIGKILL));
	ends(child, "signal SIGKILL");
	is(calls, 8);
}
