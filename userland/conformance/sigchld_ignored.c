#include "test.h"
static volatile int count;
static void on_child(int sig) { count += sig == SIGCHLD; }

TEST("SIGCHLD ignored or SA_NOCLDWAIT: children leave no zombies, wait waits for all")
{
	pid_t pid;
	signal(SIGCHLD, SIG_IGN);
	SPAWN(pid, _exit(3));
	fails(waitpid(pid, NULL, 0), ECHILD);
	is(state_of(pid), '?');
	SPAWN(pid, _exit(4));
	SPAWN(pid, _exit(5));
	fails(wait(NULL), ECHILD);
	struct sigaction sa = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
	need(sigaction(SIGCHLD, &sa, NULL));
	SPAWN(pid, _exit(6));
	fails(waitpid(pid, NULL, 0), ECHILD);
	/* With a handler and SA_NOCLDWAIT the signal still comes. */
	sa.sa_handler = on_child;
	need(sigaction(SIGCHLD, &sa, NULL));
	SPAWN(pid, _exit(7));
	fails(waitpid(pid, NULL, 0), errno == EINTR ? EINTR : ECHILD);
	while (state_of(pid) != '?')
		sleep_ms(1);
	is(count, 1);
	/* The default, which also ignores, keeps zombies. */
	signal(SIGCHLD, SIG_DFL);
	SPAWN(pid, _exit(8));
	holds(await_state(pid, 'Z'));
	ends(pid, "exit 8");
}
