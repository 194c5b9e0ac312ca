#include "test.h"
TEST("wait: the status words of every way to end")
{
	pid_t pid;
	struct gate go = new_gate();
	int codes[] = {0, 1, 42, 255, 256, 257, -1};
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		int status = -1;
		SPAWN(pid, _exit(codes[i]));
		holds(waitpid(pid, &status, 0) == pid);
		printf("_exit(%d): %#x\n", codes[i], status);
		is(status, (codes[i] & 255) << 8);
	}
	int signals[] = {SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGUSR1, SIGALRM, SIGPIPE, SIGVTALRM, SIGIO, SIGPWR, SIGSTKFLT};
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		int status = -1;
		SPAWN(pid, {
			kill(getpid(), signals[i]);
			pause();
		});
		holds(waitpid(pid, &status, 0) == pid);
		printf("%s: %#x\n", signal_name(signals[i]), status);
		is(status, signals[i]);
	}
	int status = -1;
	SPAWN(pid, kill(getpid(), SIGRTMIN));
	holds(waitpid(pid, &status, 0) == pid);
	is(status, SIGRTMIN);
	SPAWN(pid, {
		raise(SIGSTOP);
		wait_gate(go);
		_exit(3);
	});
	holds(waitpid(pid, &status, WUNTRACED) == pid);
	is(status, SIGSTOP << 8 | 0x7f);
	need(kill(pid, SIGCONT));
	holds(waitpid(pid, &status, WCONTINUED) == pid);
	is(status, 0xffff);
	pass_gate(go);
	holds(waitpid(pid, &status, 0) == pid);
	is(status, 3 << 8);
}
