/*
 * One who tells, and many who listen: every process gets every message for all, and those of its own group.
 *
 *   fan_out [LISTENERS] [MESSAGES]
 */
#include <errno.h>
#include <exo.h>
#include <stdio.h>
#include <stdlib.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALL, GROUP };

/* Counts what comes and checks that nothing is missing; the exit code says whether all was well. */
static int listen_to(int fd, int number, long messages)
{
	struct exo_ring *in = exo_ring_open(fd);
	struct exo_message got[32];
	long count, all = 0, own = 0, wrong = 0;
	while ((count = exo_ring_receive(in, got, 32, NULL)) > 0)
		for (long i = 0; i < count; i++)
			if (got[i].tag == ALL)
				wrong += got[i].words[0] != (uint64_t)all++;
			else
				own++, wrong += got[i].words[0] % 2 != (uint64_t)number % 2;
	printf("listener %d: %ld for all, %ld for its group%s\n", number, all, own, wrong ? ", some wrong" : "");
	fflush(stdout);
	return errno != EPIPE || all != messages || own != messages / 2 || wrong;
}

int main(int argc, char **argv)
{
	exo_require();
	int listeners = argc > 1 ? atoi(argv[1]) : 6;
	long messages = argc > 2 ? atol(argv[2]) : 5000;
	struct exo_chan_fan fan;
	exo_chan_fan_init(&fan, EXO_WAIT);
	for (int i = 0; i < listeners; i++) {
		int fds[2];
		if (exo_ring_create(EXO_SPSC, 8, EXO_CLOEXEC, fds) < 0)
			return perror("exo_ring_create"), 1;
		if (fork() == 0) {
			/* The sending ends of those before it are not its own. */
			for (size_t j = 0; j < fan.count; j++)
				exo_ring_close(fan.seats[j].ring);
			close(fds[1]);
			_exit(listen_to(fds[0], i, messages));
		}
		close(fds[0]);
		exo_chan_subscribe(&fan, exo_ring_open(fds[1]), i % 2 ? 2 : 1);
	}
	for (long i = 0; i < messages; i++) {
		struct exo_message message;
		exo_message_set(&message, ALL, &i, sizeof i);
		while (exo_chan_broadcast(&fan, &message) < 0)
			sched_yield();
		message.tag = GROUP;
		while (exo_chan_multicast(&fan, i % 2 ? 2 : 1, &message) < 0)
			sched_yield();
	}
	for (size_t i = 0; i < fan.count; i++)
		exo_ring_close(fan.seats[i].ring);
	exo_chan_fan_end(&fan);
	int status, failed = 0;
	while (wait(&status) > 0)
		failed |= status;
	printf("%ld messages to each of %d: %s\n", messages, listeners, failed ? "some were lost" : "all arrived");
	return failed != 0;
}
