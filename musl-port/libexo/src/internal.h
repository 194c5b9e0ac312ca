/* The format of rings and pools in memory (docs/native-api.md) and what the parts of libexo share. */
#ifndef EXO_INTERNAL_H
#define EXO_INTERNAL_H

#include <errno.h>
#include <exo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONTROL 4096
#define MOST_SHIFT 30
/* Looks at the ring before sleeping, at most; where there is one processor only, looking helps nobody. */
#define MOST_LOOKS 200

#define LINE __attribute__((aligned(128)))

/* Anybody may write to it at any time: everything is read once, through the atomics below. */
struct control {
	LINE uint64_t identity;
	LINE uint64_t head;
	LINE uint64_t tail;
	LINE uint64_t readable;
	LINE uint64_t writable;
	LINE uint32_t closed;
};
#define SENDER_CLOSED 1
#define RECEIVER_CLOSED 2

#define WAITERS 0xffffffffu

struct slot {
	uint64_t header;
	uint64_t words[EXO_PAYLOAD / 8];
};

struct exo_ring {
	struct control *control;
	struct slot *slots;
	unsigned char *bytes;
	/* The side's own position, and up to where it may go as far as it knows. Not used by EXO_MPMC. */
	uint64_t position, limit;
	uint64_t capacity;
	unsigned shift;
	int form, side, fd;
	size_t length;
	unsigned looks, most_looks;
};

#define load_relaxed(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store_relaxed(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

static inline int failed(int error)
{
	errno = error;
	return -1;
}

/* Is the other side closed, as the control page says? */
static inline int peer_closed(const struct exo_ring *ring)
{
	return load_acquire(&ring->control->closed) & (ring->side == EXO_SEND ? RECEIVER_CLOSED : SENDER_CLOSED);
}

/*
 * Brings the limit of a side that is alone up to date: how many slots or bytes are at its disposal; -1 with EBADMSG if
 * the positions contradict each other.
 */
static inline int64_t look(struct exo_ring *ring)
{
	if (ring->side == EXO_SEND) {
		uint64_t used = ring->position - load_acquire(&ring->control->head);
		if (used > ring->capacity)
			return failed(EBADMSG);
		ring->limit = ring->position + (ring->capacity - used);
	} else {
		uint64_t tail = load_acquire(&ring->control->tail);
		if (tail - ring->position > ring->capacity)
			return failed(EBADMSG);
		ring->limit = tail;
	}
	return (int64_t)(ring->limit - ring->position);
}

/* Says how far the side has come. */
static inline void publish(struct exo_ring *ring)
{
	store_release(ring->side == EXO_SEND ? &ring->control->tail : &ring->control->head, ring->position);
}

#endif
