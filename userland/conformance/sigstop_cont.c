#include "test.h"
static volatile int conts;
static void on_cont(int sig) { conts++; }

TEST("stop and continue: default actions, handlers, discarded opposites")
{
	pid_t pid;
	struct gate go = new_gate();
	int stops[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
	for (size_t i = 0; i < 4; i++) {
		SPAWN(pid, {
			/* A group of its own that is not orphaned, since we are its parent in another group. */
			setpgid(0, 0);
			raise(stops[i]);
			wait_gate(go);
			_exit(6);
		});
		char wanted[32];
		snprintf(wanted, sizeof wanted, "stopped %s", signal_name(stops[i]));
		ends(pid, wanted);
		is(state_of(pid), 'T');
		ok(kill(pid, SIGCONT));
		ends(pid, "continued");
		pass_gate(go);
		ends(pid, "exit 6");
	}
	/* A stopped process takes only SIGKILL and SIGCONT; the others wait. */
	SPAWN(pid, {
		raise(SIGSTOP);
		pause();
	});
	ends(pid, "stopped SIGSTOP");
	ok(kill(pid, SIGTERM));
	sleep_ms(10);
	is(state_of(pid), 'T');
	ok(kill(pid, SIGCONT));
	/* Continued and ended by the waiting signal. */
	int status;
	holds(waitpid(pid, &status, 0) == pid);
	text_is(status_name(status), "signal SIGTERM");
	SPAWN(pid, raise(SIGSTOP));
	ends(pid, "stopped SIGSTOP");
	ok(kill(pid, SIGKILL));
	ends(pid, "signal SIGKILL");
	/* SIGCONT continues even when blocked or handled; a pending stop signal is dropped by it. */
	CHILD({
		signal(SIGCONT, on_cont);
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, SIGTSTP);
		sigaddset(&set, SIGCONT);
		sigprocmask(SIG_BLOCK, &set, NULL);
		kill(getpid(), SIGTSTP);
		sigset_t pending;
		sigpending(&pending);
		is(sigismember(&pending, SIGTSTP), 1);
		kill(getpid(), SIGCONT);
		sigpending(&pending);
		is(sigismember(&pending, SIGTSTP), 0);
		is(sigismember(&pending, SIGCONT), 1);
		kill(getpid(), SIGTSTP);
		sigpending(&pending);
		is(sigismember(&pending, SIGCONT), 0);
		is(conts, 0);
		kill(getpid(), SIGCONT);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		is(conts, 1);
	});
}
