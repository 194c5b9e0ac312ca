#include "native.h"

/*
 * Rings between many processes that run and sleep as it comes: nothing is lost, and nobody sleeps for ever. Nothing here
 * has a timeout: a wake-up that is lost keeps the program from ending.
 */

enum { MESSAGES = 4000, RINGS = 4, SENDERS = 3, RECEIVERS = 3 };

static unsigned random_of(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* Sometimes the others get a chance to fall asleep. */
static void dawdle(unsigned *seed)
{
	unsigned choice = random_of(seed) % 200;
	if (choice == 0)
		usleep(random_of(seed) % 300);
	else if (choice < 10)
		sched_yield();
	else
		for (volatile unsigned i = random_of(seed) % 50; i; i--)
			;
}

static void one_of_each(unsigned shift, unsigned seed)
{
	int there[2], back[2];
	need(exo_ring_create(EXO_SPSC, shift, 0, there));
	need(exo_ring_create(EXO_SPSC, shift, 0, back));
	pid_t child = start_child();
	struct exo_ring *in = exo_ring_open(child ? back[0] : there[0]), *out = exo_ring_open(child ? there[1] : back[1]);
	close(child ? there[0] : there[1]);
	close(child ? back[1] : back[0]);
	struct exo_message m = {.length = 8};
	seed += child == 0;
	int outstanding = 0, wrong = 0, sent = 0;
	uint64_t next = 0;
	if (child == 0) {
		while (exo_ring_receive(in, &m, 1, NULL) == 1) {
			dawdle(&seed);
			need(exo_ring_send(out, &m, 1, NULL));
		}
		is(errno, EPIPE);
		end_child();
	}
	while (sent < MESSAGES || outstanding) {
		if (sent < MESSAGES && outstanding < (1 << shift)) {
			m.words[0] = (uint64_t)sent++;
			need(exo_ring_send(out, &m, 1, NULL));
			outstanding++;
			dawdle(&seed);
		}
		while (outstanding && exo_ring_take(in, &m, 1) == 1) {
			exo_ring_notify(in);
			wrong += m.words[0] != next++;
			outstanding--;
		}
		if (outstanding == (1 << shift) || (sent == MESSAGES && outstanding)) {
			need(exo_ring_receive(in, &m, 1, NULL));
			wrong += m.words[0] != next++;
			outstanding--;
		}
	}
	is(wrong, 0);
	exo_ring_close(out);
	exo_ring_close(in);
	join_child(child);
}

/* Senders number their messages; receivers add up what they got, and so does the parent. */
static void many_of_both(unsigned shift)
{
	int fds[2], sums[2];
	need(exo_ring_create(EXO_MPMC, shift, 0, fds));
	need(pipe(sums));
	pid_t children[SENDERS + RECEIVERS];
	for (int i = 0; i < SENDERS + RECEIVERS; i++) {
		children[i] = start_child();
		if (children[i])
			continue;
		unsigned seed = (unsigned)i * 77;
		struct exo_message m = {.length = 8};
		struct exo_ring *ring = exo_ring_open(fds[i < SENDERS]);
		close(fds[i >= SENDERS]);
		uint64_t sum[2] = {0, 0};
		if (i < SENDERS) {
			for (int j = 0; j < MESSAGES; j++) {
				m.words[0] = (uint64_t)j;
				need(exo_ring_send(ring, &m, 1, NULL));
				dawdle(&seed);
			}
		} else {
			while (exo_ring_receive(ring, &m, 1, NULL) == 1) {
				sum[0] += m.words[0];
				sum[1]++;
				dawdle(&seed);
			}
			is(errno, EPIPE);
			write(sums[1], sum, sizeof sum);
		}
		end_child();
	}
	close(fds[0]);
	close(fds[1]);
	for (int i = 0; i < SENDERS + RECEIVERS; i++)
		join_child(children[i]);
	uint64_t sum[2], total = 0, count = 0;
	for (int i = 0; i < RECEIVERS; i++) {
		need(read(sums[0], sum, sizeof sum));
		total += sum[0];
		count += sum[1];
	}
	is(count, SENDERS * MESSAGES);
	is(total, (uint64_t)SENDERS * MESSAGES * (MESSAGES - 1) / 2);
	close(sums[0]);
	close(sums[1]);
}

/* Receivers that sleep, or are about to, while the sender closes, and receivers that are killed. */
static void come_and_go(void)
{
	for (int round = 0; round < 100; round++) {
		int fds[2];
		need(exo_ring_create(round % 2 ? EXO_BYTES : EXO_SPSC, 12, 0, fds));
		pid_t child = start_child();
		if (child == 0) {
			close(fds[1]);
			struct exo_ring *in = exo_ring_open(fds[0]);
			struct exo_message m;
			char c;
			if (round % 2)
				exo_ring_read(in, &c, 1, NULL);
			else
				exo_ring_receive(in, &m, 1, NULL);
			_exit(0);
		}
		close(fds[0]);
		if (round % 3 == 0)
			usleep(500);
		if (round % 5 == 0)
			kill(child, SIGKILL);
		else
			close(fds[1]);
		waitpid(child, NULL, 0);
		if (round % 5 == 0)
			close(fds[1]);
	}
}

NATIVE_TEST("storms over rings")
{
	pid_t children[RINGS];
	for (int i = 0; i < RINGS; i++) {
		children[i] = start_child();
		if (children[i] == 0) {
			one_of_each((unsigned)i, (unsigned)i);
			end_child();
		}
	}
	for (int i = 0; i < RINGS; i++)
		join_child(children[i]);
	many_of_both(0);
	many_of_both(3);
	come_and_go();
}
