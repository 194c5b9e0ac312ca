/* Byte rings. They are mapped twice back to back, so what there is lies in one piece. */
#include "internal.h"

void *exo_ring_span(struct exo_ring *ring, size_t *length)
{
	int64_t now = ring->form == EXO_BYTES ? look(ring) : 0;
	*length = now > 0 ? (size_t)now : 0;
	return ring->bytes + (ring->position & (ring->capacity - 1));
}

void exo_ring_advance(struct exo_ring *ring, size_t length)
{
	uint64_t most = ring->limit - ring->position;
	ring->position += length < most ? length : most;
	publish(ring);
}

long exo_ring_write(struct exo_ring *ring, const void *bytes, size_t length, const struct timespec *timeout)
{
	if (ring->side != EXO_SEND || ring->form != EXO_BYTES)
		return failed(EBADF);
	size_t done = 0;
	while (done < length) {
		size_t room;
		void *to = exo_ring_span(ring, &room);
		/* Where there is room nobody looks whether anybody reads: the kernel tells those who sleep. */
		if (room && peer_closed(ring))
			errno = EPIPE;
		else if (room) {
			size_t count = room < length - done ? room : length - done;
			memcpy(to, (const char *)bytes + done, count);
			exo_ring_advance(ring, count);
			exo_ring_notify(ring);
			done += count;
			continue;
		} else if (exo_ring_wait(ring, timeout) == 0 && look(ring) >= 0) {
			continue;
		}
		return done ? (long)done : -1;
	}
	return (long)done;
}

long exo_ring_read(struct exo_ring *ring, void *bytes, size_t length, const struct timespec *timeout)
{
	if (ring->side != EXO_RECEIVE || ring->form != EXO_BYTES)
		return failed(EBADF);
	if (length == 0)
		return 0;
	for (;;) {
		size_t there;
		const void *from = exo_ring_span(ring, &there);
		if (there) {
			size_t count = there < length ? there : length;
			memcpy(bytes, from, count);
			exo_ring_advance(ring, count);
			exo_ring_notify(ring);
			return (long)count;
		}
		if (exo_ring_wait(ring, timeout) < 0)
			return errno == EPIPE ? 0 : -1;
		if (look(ring) < 0)
			return -1;
	}
}
