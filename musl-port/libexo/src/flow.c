/* Flow control: who may send, when to wake. */
#include "internal.h"

void exo_chan_credit_init(struct exo_chan_credit *credit, uint32_t window)
{
	*credit = (struct exo_chan_credit){.granted = window, .window = window};
}

int exo_chan_credit_take(struct exo_chan_credit *credit)
{
	if (credit->sent == credit->granted)
		return 0;
	credit->sent++;
	return 1;
}

int exo_chan_credit_grant(struct exo_chan_credit *credit, uint64_t granted)
{
	/* An old grant, or one that was repeated, changes nothing. */
	if (granted - credit->granted > UINT64_MAX / 2)
		return 0;
	if (granted - credit->sent > credit->window)
		return failed(EPROTO);
	credit->granted = granted;
	return 0;
}

void exo_chan_grants_init(struct exo_chan_grants *grants, uint32_t window)
{
	*grants = (struct exo_chan_grants){.granted = window, .window = window};
}

int exo_chan_grants_consumed(struct exo_chan_grants *grants, uint32_t count, uint64_t *grant)
{
	uint64_t half = (grants->window + 1) / 2;
	grants->consumed += count;
	uint64_t allowed = grants->consumed + grants->window;
	if (allowed - grants->granted < (half ? half : 1))
		return 0;
	*grant = grants->granted = allowed;
	return 1;
}

void exo_chan_coalescer_init(struct exo_chan_coalescer *coalescer, uint64_t budget, uint32_t most)
{
	*coalescer = (struct exo_chan_coalescer){.budget = budget, .gap = budget, .most = most ? most : 1};
}

int exo_chan_coalescer_sent(struct exo_chan_coalescer *coalescer, uint64_t now)
{
	if (coalescer->begun) {
		uint64_t gap = now > coalescer->last ? now - coalescer->last : 0;
		if (gap > coalescer->budget * 2)
			gap = coalescer->budget * 2;
		coalescer->gap = coalescer->gap - coalescer->gap / 4 + gap / 4;
	}
	coalescer->begun = 1;
	coalescer->last = now;
	if (coalescer->pending++ == 0)
		coalescer->deadline = now + coalescer->budget;
	/* Worth waiting for: as many as come within half of the budget. */
	uint64_t target = coalescer->budget / 2 / (coalescer->gap ? coalescer->gap : 1);
	if (target > coalescer->most)
		target = coalescer->most;
	if (coalescer->pending < target && now < coalescer->deadline)
		return 0;
	coalescer->pending = 0;
	return 1;
}

int exo_chan_coalescer_due(struct exo_chan_coalescer *coalescer, uint64_t now)
{
	if (coalescer->pending == 0 || now < coalescer->deadline)
		return 0;
	coalescer->pending = 0;
	return 1;
}

static uint64_t nanoseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int exo_chan_flush(struct exo_ring *ring, struct exo_chan_coalescer *coalescer)
{
	return exo_chan_coalescer_due(coalescer, UINT64_MAX) ? exo_ring_notify(ring) : 0;
}

int exo_chan_send_coalesced(struct exo_ring *ring, struct exo_chan_coalescer *coalescer,
			    const struct exo_message *message, const struct timespec *timeout)
{
	while (exo_ring_put(ring, message, 1) != 1) {
		if (errno != EAGAIN)
			return -1;
		/* Whoever makes room has to be awake. */
		exo_chan_flush(ring, coalescer);
		if (exo_ring_wait(ring, timeout) < 0)
			return -1;
	}
	if (exo_chan_coalescer_sent(coalescer, nanoseconds()))
		exo_ring_notify(ring);
	return 0;
}
