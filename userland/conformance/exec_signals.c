#include "test.h"
#include <sys/prctl.h>

static void handler(int sig) {}

TEST("execve: handlers reset, ignored stays ignored, mask and pending kept, alarm kept")
{
	if (test_argc > 1) {
		struct sigaction sa;
		sigset_t set;
		need(sigaction(SIGUSR1, NULL, &sa));
		holds(sa.sa_handler == SIG_DFL);
		need(sigaction(SIGUSR2, NULL, &sa));
		holds(sa.sa_handler == SIG_IGN);
		sigprocmask(SIG_BLOCK, NULL, &set);
		is(sigismember(&set, SIGTERM), 1);
		is(sigismember(&set, SIGINT), 0);
		sigpending(&set);
		is(sigismember(&set, SIGTERM), 1);
		holds(alarm(0) > 50);
		stack_t stack;
		need(sigaltstack(NULL, &stack));
		is(stack.ss_flags, SS_DISABLE);
		char name[17];
		need(prctl(PR_GET_NAME, name));
		text_is(name, "again");
		is(umask(0), 031);
		return;
	}
	static char alternative[32768];
	stack_t stack = {.ss_sp = alternative, .ss_size = sizeof alternative};
	need(sigaltstack(&stack, NULL));
	signal(SIGUSR1, handler);
	signal(SIGUSR2, SIG_IGN);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	umask(031);
	pid_t pid;
	SPAWN(pid, {
		/* The name of the file, not argv[0], becomes the thread's name. */
		char self[PATH_MAX];
		ssize_t n = need(readlink("/proc/self/exe", self, sizeof self - 1));
		self[n] = 0;
		need(symlink(self, "again"));
		kill(getpid(), SIGTERM);
		alarm(100);
		char *argv[] = {"other name", "show", NULL};
		execv("./again", argv);
	});
	ends(pid, "exit 0");
}
