/* Rows of what Linux does not have: rings and pools between processes. Included by bench.c, whose helpers it uses. */
#include <exo.h>

enum { BATCH = 64, BLOCK = 1 << 20 };

static struct exo_ring *ring_to, *ring_from;
static struct exo_pool *pool;
static struct exo_message batch[BATCH];

static struct exo_ring *ring_end(int fd)
{
	struct exo_ring *ring = exo_ring_open(fd);
	if (!ring)
		unavailable("exo_ring_map", errno);
	return ring;
}

/* Both ends of one ring in this process. */
static void setup_ring(void)
{
	int fds[2];
	need("exo_ring_create", exo_ring_create(EXO_SPSC, EXO_SHIFT, 0, fds));
	ring_from = ring_end(fds[0]);
	ring_to = ring_end(fds[1]);
	for (int i = 0; i < BATCH; i++)
		exo_message_set(&batch[i], 0, "eight by", 8);
}

static void run_ring(unsigned n)
{
	LOOP
	{
		exo_ring_put(ring_to, batch, 1);
		exo_ring_notify(ring_to);
		exo_ring_take(ring_from, batch, 1);
		exo_ring_notify(ring_from);
	}
}

static void run_ring_batch(unsigned n)
{
	LOOP
	{
		exo_ring_put(ring_to, batch, BATCH);
		exo_ring_notify(ring_to);
		exo_ring_take(ring_from, batch, BATCH);
		exo_ring_notify(ring_from);
	}
}

/* A partner at the far ends of two rings, which does `work` until it is killed. */
static void start_ring_partner(void (*work)(struct exo_ring *in, struct exo_ring *out))
{
	int there[2], back[2];
	need("exo_ring_create", exo_ring_create(EXO_SPSC, EXO_SHIFT, 0, there));
	need("exo_ring_create", exo_ring_create(EXO_SPSC, EXO_SHIFT, 0, back));
	partner = need("fork", fork());
	if (partner == 0) {
		close(there[1]);
		close(back[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work(ring_end(there[0]), ring_end(back[1]));
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	ring_to = ring_end(there[1]);
	ring_from = ring_end(back[0]);
	for (int i = 0; i < BATCH; i++)
		exo_message_set(&batch[i], 0, "eight by", 8);
}

static void echo_messages(struct exo_ring *in, struct exo_ring *out)
{
	while (exo_ring_receive(in, batch, 1, NULL) == 1)
		exo_ring_send(out, batch, 1, NULL);
}

static void setup_ring_echo(void)
{
	start_ring_partner(echo_messages);
}

static void run_ring_echo(unsigned n)
{
	LOOP
	{
		exo_ring_send(ring_to, batch, 1, NULL);
		exo_ring_receive(ring_from, batch, 1, NULL);
	}
}

/* Answers every sixteenth batch, as the sink of the pipe does. */
static void swallow_messages(struct exo_ring *in, struct exo_ring *out)
{
	long n, total = 0;
	while ((n = exo_ring_receive(in, batch, BATCH, NULL)) > 0)
		for (; n > 0; n--)
			if (++total % (16 * BATCH) == 0)
				exo_ring_send(out, batch, 1, NULL);
}

static void setup_ring_sink(void)
{
	start_ring_partner(swallow_messages);
}

static void run_ring_stream(unsigned n)
{
	LOOP
	{
		exo_ring_send(ring_to, batch, BATCH, NULL);
		if (n % 16 == 1)
			exo_ring_receive(ring_from, batch, 1, NULL);
	}
}

/* Gives back each block that it gets. */
static void drop_blocks(struct exo_ring *in, struct exo_ring *out)
{
	struct exo_block block;
	while (exo_ring_receive(in, batch, 1, NULL) == 1) {
		if (exo_block_receive(pool, batch, &block) == 0)
			exo_block_drop(&block);
		exo_message_set(&batch[0], 0, NULL, 0);
		exo_ring_send(out, batch, 1, NULL);
	}
}

static void setup_blocks(void)
{
	struct exo_pool_class class = {BLOCK, 4, 0};
	int ours = need("exo_pool_create", exo_pool_create(&class, 1, 0));
	int theirs = need("exo_pool_join", exo_pool_join(ours, 0, 0));
	pool = exo_pool_open(theirs);
	if (!pool)
		unavailable("exo_pool_map", errno);
	start_ring_partner(drop_blocks);
	pool = exo_pool_open(ours);
	if (!pool)
		unavailable("exo_pool_map", errno);
}

static void run_blocks(unsigned n)
{
	struct exo_block block;
	LOOP
	{
		exo_block_allocate(pool, BLOCK, &block);
		exo_block_send(ring_to, &block, 0, NULL);
		exo_ring_receive(ring_from, batch, 1, NULL);
	}
}
