/*
 * Two processes and two rings: one asks, the other echoes. Prints how long a round trip takes, as a histogram.
 *
 *   echo [ROUNDS]
 */
#include <exo.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUCKETS 32

static uint64_t nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	exo_require();
	long rounds = argc > 1 ? atol(argv[1]) : 2000;
	int there[2], back[2];
	uint64_t *times = malloc((size_t)rounds * sizeof *times);
	if (!times || exo_ring_create(EXO_SPSC, EXO_SHIFT, 0, there) < 0 || exo_ring_create(EXO_SPSC, EXO_SHIFT, 0, back) < 0)
		die("rings");
	pid_t echo = fork();
	if (echo == 0) {
		close(there[1]);
		close(back[0]);
		struct exo_ring *in = exo_ring_open(there[0]), *out = exo_ring_open(back[1]);
		struct exo_message messages[64];
		long count;
		while ((count = exo_ring_receive(in, messages, 64, NULL)) > 0)
			if (exo_ring_send(out, messages, (size_t)count, NULL) != count)
				_exit(1);
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	struct exo_ring *out = exo_ring_open(there[1]), *in = exo_ring_open(back[0]);
	if (!in || !out)
		die("exo_ring_open");
	for (long i = 0; i < rounds; i++) {
		struct exo_message message;
		exo_message_set(&message, 0, &i, sizeof i);
		uint64_t start = nanoseconds();
		if (exo_ring_send(out, &message, 1, NULL) != 1 || exo_ring_receive(in, &message, 1, NULL) != 1)
			die("echo");
		times[i] = nanoseconds() - start;
		if (message.words[0] != (uint64_t)i)
			return printf("the echo of %ld is %ld\n", i, (long)message.words[0]), 1;
	}
	struct exo_ring_stat stat;
	exo_ring_stat(exo_ring_fd(in), &stat);
	exo_ring_close(out);
	int status;
	waitpid(echo, &status, 0);

	/* Powers of two of nanoseconds. */
	long counts[BUCKETS] = {0}, most = 1;
	for (long i = 0; i < rounds; i++) {
		int bucket = 0;
		while (bucket < BUCKETS - 1 && times[i] >> (bucket + 1))
			bucket++;
		if (++counts[bucket] > most)
			most = counts[bucket];
	}
	qsort(times, (size_t)rounds, sizeof *times, by_size);
	printf("%ld round trips, slept %llu times\n", rounds, (unsigned long long)stat.receiver_parks);
	for (int i = 0; i < BUCKETS; i++)
		if (counts[i])
			printf("%10llu ns %8ld %.*s\n", 1ull << i, counts[i], (int)(1 + counts[i] * 50 / most),
			       "###################################################");
	printf("median %llu ns, 99 %% %llu ns, most %llu ns\n", (unsigned long long)times[rounds / 2],
	       (unsigned long long)times[rounds * 99 / 100], (unsigned long long)times[rounds - 1]);
	return status != 0;
}
