#include "test.h"
static volatile int signals;
static void on_signal(int sig) { signals++; }

TEST("pipe: a full pipe blocks, a reader that leaves wakes writers, interrupted large writes")
{
	int fds[2];
	static char block[300000];
	pid_t pid;
	need(pipe(fds));
	SPAWN(pid, is(write(fds[1], block, 100000), 100000));
	holds(await_state(pid, 'S'));
	long total = 0;
	while (total < 100000)
		total += need(read(fds[0], block, sizeof block));
	is(total, 100000);
	ends(pid, "exit 0");
	/* The last reader leaves. */
	SPAWN(pid, {
		close(fds[0]);
		signal(SIGPIPE, SIG_IGN);
		errno = 0;
		ssize_t n = write(fds[1], block, sizeof block);
		is(n, 65536);
		fails(write(fds[1], block, 1), EPIPE);
	});
	holds(await_state(pid, 'S'));
	close(fds[0]);
	ends(pid, "exit 0");
	close(fds[1]);
	need(pipe(fds));
	struct sigaction sa = {.sa_handler = on_signal};
	need(sigaction(SIGUSR1, &sa, NULL));
	SPAWN(pid, {
		is(write(fds[1], block, sizeof block), 65536);
		is(signals, 1);
		fails(write(fds[1], block, 1), EINTR);
	});
	holds(await_state(pid, 'S'));
	need(kill(pid, SIGUSR1));
	holds(await_state(pid, 'S'));
	need(kill(pid, SIGUSR1));
	ends(pid, "exit 0");
	/* Several readers: each byte goes to one of them. */
	need(pipe(fds));
	int counts[2];
	need(pipe(counts));
	pid_t readers[3];
	for (int i = 0; i < 3; i++)
		SPAWN(readers[i], {
			close(fds[1]);
			char c;
			int mine = 0;
			while (read(fds[0], &c, 1) == 1)
				mine++;
			need(write(counts[1], &mine, sizeof mine));
		});
	close(fds[0]);
	need(write(fds[1], block, 3000));
	close(fds[1]);
	int sum = 0;
	for (int i = 0; i < 3; i++) {
		int n = 0;
		ends(readers[i], "exit 0");
		need(read(counts[0], &n, sizeof n));
		sum += n;
	}
	is(sum, 3000);
}
