#include "test.h"
TEST("sleeping calls that a stop and continue interrupts go on with the time that is left")
{
	pid_t pid;
	SPAWN(pid, {
		struct timespec t = {0, 150000000};
		long start = now_ms();
		is(nanosleep(&t, NULL), 0);
		long took = now_ms() - start;
		holds(took >= 149);
	});
	need(await_state(pid, 'S') ? 0 : -1);
	need(kill(pid, SIGSTOP));
	ends(pid, "stopped SIGSTOP");
	sleep_ms(20);
	need(kill(pid, SIGCONT));
	ends(pid, "continued");
	ends(pid, "exit 0");
	int fds[2];
	need(pipe(fds));
	SPAWN(pid, {
		struct pollfd p = {fds[0], POLLIN, 0};
		is(poll(&p, 1, 5000), 1);
	});
	need(await_state(pid, 'S') ? 0 : -1);
	need(kill(pid, SIGSTOP));
	ends(pid, "stopped SIGSTOP");
	need(write(fds[1], "x", 1));
	need(kill(pid, SIGCONT));
	int status;
	while (waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status))
		;
	is(status, 0);
}
