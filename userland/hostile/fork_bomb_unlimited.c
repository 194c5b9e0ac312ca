#include "hostile.h"
#include <sys/prctl.h>

/* Every process forks until it is killed; a shared counter keeps the test from filling the machine. */
static int *total;

static void bomb(void *arg)
{
	for (;;) {
		if (__atomic_add_fetch(total, 1, __ATOMIC_SEQ_CST) > 1500)
			pause();
		fork();
	}
}

TEST("a fork bomb without a limit, stopped by killing its group")
{
	need(prctl(PR_SET_CHILD_SUBREAPER, 1));
	total = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = start_child();
	if (pid == 0) {
		setpgid(0, 0);
		bomb(NULL);
	}
	setpgid(pid, pid);
	for (int i = 0; i < 10000 && __atomic_load_n(total, __ATOMIC_SEQ_CST) < 1500; i++)
		sleep_ms(1);
	holds(*total >= 1500);
	int rounds = 0;
	while (kill(-pid, SIGKILL) == 0 && rounds++ < 5000) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		sleep_ms(1);
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	fails(kill(-pid, 0), ESRCH);
	still_alive();
}
