#include "test.h"
#include <sys/wait.h>

enum { WRITERS = 6, ROUNDS = 60 };

/* Each record is full of its writer's letter, and its size belongs to the writer. */
static size_t size_of_writer(int who)
{
	static const size_t sizes[WRITERS] = {1, 57, 512, 1000, 4095, 4096};
	return sizes[who];
}

static void run(int fds[2], int pause)
{
	pid_t pids[WRITERS];
	for (int who = 0; who < WRITERS; who++) {
		pids[who] = start_child();
		if (pids[who] == 0) {
			static char record[4096];
			close(fds[0]);
			memset(record, 'a' + who, sizeof record);
			for (int i = 0; i < ROUNDS; i++) {
				if (write(fds[1], record, size_of_writer(who)) != (ssize_t)size_of_writer(who))
					_exit(1);
				if (pause && i % 8 == 0)
					sched_yield();
			}
			_exit(0);
		}
	}
	close(fds[1]);
	static char all[WRITERS * ROUNDS * 4096];
	size_t total = 0;
	ssize_t n;
	while ((n = read(fds[0], all + total, pause ? 1777 : sizeof all - total)) > 0)
		total += (size_t)n;
	close(fds[0]);
	size_t wanted = 0;
	int mixed = 0, counts[WRITERS] = {0};
	for (int who = 0; who < WRITERS; who++)
		wanted += ROUNDS * size_of_writer(who);
	is(total == wanted, 1);
	for (size_t at = 0; at < total;) {
		int who = all[at] - 'a';
		if (who < 0 || who >= WRITERS)
			break;
		size_t size = size_of_writer(who);
		for (size_t i = 0; i < size && at + i < total; i++)
			mixed += all[at + i] != all[at];
		at += size;
		counts[who]++;
	}
	is(mixed, 0);
	for (int who = 0; who < WRITERS; who++) {
		is(counts[who], ROUNDS);
		int status;
		is(waitpid(pids[who], &status, 0) == pids[who] && status == 0, 1);
	}
}

TEST("pipes: writes of up to PIPE_BUF from several processes never mix")
{
	int fds[2];
	need(pipe(fds));
	run(fds, 0);
	need(pipe(fds));
	need(fcntl(fds[0], F_SETPIPE_SZ, 8192));
	run(fds, 1);
	need(mkfifo("f", 0600));
	fds[0] = (int)need(open("f", O_RDONLY | O_NONBLOCK));
	fds[1] = (int)need(open("f", O_WRONLY));
	need(fcntl(fds[0], F_SETFL, 0));
	run(fds, 1);
}
