#include "test.h"
#include <linux/futex.h>

static int word;
static volatile int signals;
static void on_signal(int sig) { signals += sig == SIGUSR1; }

TEST("futex: a signal ends a wait with EINTR, with SA_RESTART it goes on")
{
	struct sigaction sa = {.sa_handler = on_signal};
	pid_t pid;
	SPAWN(pid, {
		need(sigaction(SIGUSR1, &sa, NULL));
		fails(syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL), EINTR);
		is(signals, 1);
	});
	holds(await_state(pid, 'S'));
	ok(kill(pid, SIGUSR1));
	ends(pid, "exit 0");
	sa.sa_flags = SA_RESTART;
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	SPAWN(pid, {
		need(sigaction(SIGUSR1, &sa, NULL));
		is(syscall(SYS_futex, shared, FUTEX_WAIT, 0, NULL), 0);
		is(signals, 1);
	});
	holds(await_state(pid, 'S'));
	ok(kill(pid, SIGUSR1));
	sleep_ms(30);
	holds(await_state(pid, 'S'));
	is(syscall(SYS_futex, shared, FUTEX_WAKE, 1), 1);
	ends(pid, "exit 0");
}
