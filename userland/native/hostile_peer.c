#include "native.h"

#include <sys/mman.h>

/*
 * A peer who writes anything anywhere in the shared memory, all the time. Messages are wrong, late or lost; the other
 * side gets errors or rubbish, but lives, never looks outside of its memory, and neither does the kernel.
 */

static const struct timespec moment = {0, 1000000};
static unsigned seed = 1;

static unsigned dice(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	return seed ^= seed << 5;
}

struct map {
	uint64_t address, length, rest[2];
};

/* Writes into the mapping until killed: mostly where it hurts. */
static void scribble(int fd, int call)
{
	struct map map;
	need(syscall(call, fd, &map));
	volatile uint32_t *words = (uint32_t *)(uintptr_t)map.address;
	static const unsigned fields[] = {0, 128, 256, 384, 388, 512, 516, 640, 4096, 4100, 4104, 4112, 1024, 1032};
	for (;;) {
		unsigned at = dice() % 3 ? fields[dice() % 14] / 4 : dice() % (map.length / 4);
		unsigned value = dice() % 4;
		words[at] = value == 0 ? dice() : value == 1 ? 0xffffffff : value == 2 ? words[at] + dice() % 3 : 0;
		if (dice() % 16 == 0)
			syscall(SYS_exo_ring_wake, fd);
		if (dice() % 64 == 0)
			sched_yield();
	}
}

static pid_t start_scribbler(int fd, int call)
{
	pid_t pid = start_child();
	if (pid == 0)
		scribble(fd, call);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	int status;
	waitpid(pid, &status, 0);
	is(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, 1);
}

/* The receiver maps the slots to read only, so the scribbler is a sender, unless any number may be at both sides. */
static void ring(int form, int side, unsigned shift)
{
	int fds[2];
	struct exo_message messages[16];
	need(exo_ring_create(form, shift, 0, fds));
	memset(messages, 0, sizeof messages);
	struct exo_ring *ours = exo_ring_open(fds[side == EXO_SEND]);
	pid_t scribbler = start_scribbler(fds[side != EXO_SEND], SYS_exo_ring_map);
	long good = 0, bad = 0, end = now_ms() + 400;
	while (now_ms() < end) {
		long count = 0;
		char bytes[100];
		struct exo_ring_stat stat;
		struct pollfd poll_one = {fds[side == EXO_SEND], POLLIN | POLLOUT, 0};
		if (form == EXO_BYTES)
			count = side == EXO_SEND ? exo_ring_write(ours, bytes, sizeof bytes, &moment)
						 : exo_ring_read(ours, bytes, sizeof bytes, &moment);
		else if (side == EXO_SEND)
			count = exo_ring_send(ours, messages, 1 + dice() % 16, &moment);
		else
			count = exo_ring_receive(ours, messages, 1 + dice() % 16, &moment);
		if (count > 0 && side == EXO_RECEIVE && form != EXO_BYTES)
			for (long i = 0; i < count; i++)
				if (messages[i].length > EXO_PAYLOAD || messages[i].kind > 1)
					holds(0);
		if (count >= 0)
			good++;
		else
			bad++;
		exo_ring_stat(fds[side == EXO_SEND], &stat);
		if (stat.used > (uint64_t)1 << shift)
			is(stat.used, 0);
		poll(&poll_one, 1, 0);
		/* What the other side says of itself is believed for no longer than it lasts: the position is taken up anew. */
		if (count < 0 && dice() % 8 == 0) {
			int fd = (int)need(dup(exo_ring_fd(ours)));
			exo_ring_close(ours);
			fds[side == EXO_SEND] = fd;
			ours = exo_ring_open(fd);
		}
	}
	holds(good + bad > 10);
	stop(scribbler);
	exo_ring_close(ours);
	close(fds[side != EXO_SEND]);
}

static void pool(void)
{
	struct exo_pool_class classes[] = {{4096, 16, 0}, {8192, 4, 0}};
	int fd = (int)need(exo_pool_create(classes, 2, 0)), theirs = (int)need(exo_pool_join(fd, 1, 0)), fds[2];
	need(exo_ring_create(EXO_SPSC, 3, 0, fds));
	struct exo_pool *pool = exo_pool_open(fd);
	struct exo_ring *in = exo_ring_open(fds[0]), *out = exo_ring_open(fds[1]);
	pid_t scribbler = start_scribbler(theirs, SYS_exo_pool_map);
	long good = 0, bad = 0, end = now_ms() + 600;
	while (now_ms() < end) {
		struct exo_block block;
		struct exo_message m;
		if (exo_block_allocate(pool, 1 + dice() % 8192, &block) == 0) {
			memset(block.bytes, 1, block.length);
			if (exo_block_send(out, &block, 0, &moment) < 0)
				exo_block_drop(&block);
		}
		/* A descriptor of anything. */
		if (exo_ring_receive(in, &m, 1, &moment) == 1) {
			if (dice() % 4 == 0)
				for (int i = 0; i < 6; i++)
					((uint32_t *)(void *)m.bytes)[i] ^= dice() % 2 ? dice() : dice() % 8;
			if (exo_block_receive(pool, &m, &block) == 0) {
				memset(block.bytes, 2, block.length);
				exo_block_drop(&block);
				good++;
			} else {
				bad++;
			}
		}
		exo_pool_in_use(pool);
		/* Sides come and go meanwhile, which the kernel clears up after. */
		if (dice() % 4 == 0)
			close((int)exo_pool_join(fd, 1, 0));
	}
	holds(good + bad > 0);
	stop(scribbler);
	close(theirs);
	exo_pool_close(pool);
	exo_ring_close(in);
	exo_ring_close(out);
}

NATIVE_TEST("a peer who scribbles over the shared memory")
{
	for (unsigned shift = 0; shift < 8; shift += 3) {
		ring(EXO_SPSC, EXO_RECEIVE, shift);
		ring(EXO_MPMC, EXO_RECEIVE, shift);
		ring(EXO_MPMC, EXO_SEND, shift);
	}
	ring(EXO_BYTES, EXO_RECEIVE, 12);
	pool();
}
