/* Ends of rings, messages, sleeping and waking. */
#include "internal.h"

/* As exo_ring_map writes it. */
struct ring_map {
	uint64_t address, length;
	uint32_t form, shift, side, reserved;
};

struct exo_ring *exo_ring_open(int fd)
{
	struct exo_ring *ring = calloc(1, sizeof *ring);
	if (!ring)
		return NULL;
	struct ring_map map;
	if (syscall(SYS_exo_ring_map, fd, &map) < 0) {
		free(ring);
		return NULL;
	}
	unsigned char *base = (unsigned char *)(uintptr_t)map.address;
	ring->control = (struct control *)base;
	ring->slots = (struct slot *)(base + CONTROL);
	ring->bytes = base + CONTROL;
	ring->length = map.length;
	ring->form = (int)map.form;
	ring->shift = map.shift;
	ring->side = (int)map.side;
	ring->capacity = (uint64_t)1 << map.shift;
	ring->fd = fd;
	ring->most_looks = ring->looks = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? MOST_LOOKS : 0;
	/* It goes on where the one before it stopped. */
	ring->position = ring->limit =
		load_acquire(ring->side == EXO_SEND ? &ring->control->tail : &ring->control->head);
	return ring;
}

void exo_ring_close(struct exo_ring *ring)
{
	if (!ring)
		return;
	munmap(ring->control, ring->length);
	close(ring->fd);
	free(ring);
}

int exo_ring_fd(const struct exo_ring *ring)
{
	return ring->fd;
}

int exo_ring_side(const struct exo_ring *ring)
{
	return ring->side;
}

size_t exo_ring_capacity(const struct exo_ring *ring)
{
	return ring->capacity;
}

int exo_message_set(struct exo_message *message, uint8_t tag, const void *bytes, size_t length)
{
	if (length > EXO_PAYLOAD)
		return failed(EMSGSIZE);
	message->reserved = 0;
	message->length = (uint16_t)length;
	message->kind = 0;
	message->tag = tag;
	if (length)
		memcpy(message->bytes, bytes, length);
	memset(message->bytes + length, 0, EXO_PAYLOAD - length);
	return 0;
}

/* ---- slots ---- */

static inline uint64_t label(const struct exo_message *message)
{
	return (uint64_t)message->length << 32 | (uint64_t)message->kind << 48 | (uint64_t)message->tag << 56;
}

static inline void put_payload(struct slot *slot, const struct exo_message *message)
{
	for (int i = 0; i < EXO_PAYLOAD / 8; i++)
		store_relaxed(&slot->words[i], message->words[i]);
}

/* Takes out what a slot has, whose header was read already; could an honest peer have written it? */
static inline int get(struct slot *slot, uint64_t header, struct exo_message *message)
{
	for (int i = 0; i < EXO_PAYLOAD / 8; i++)
		message->words[i] = load_relaxed(&slot->words[i]);
	message->reserved = 0;
	message->length = (uint16_t)(header >> 32);
	message->kind = (uint8_t)(header >> 48);
	message->tag = (uint8_t)(header >> 56);
	return message->length <= EXO_PAYLOAD && message->kind <= 1;
}

static inline struct slot *slot_at(const struct exo_ring *ring, uint64_t position)
{
	return &ring->slots[position & (ring->capacity - 1)];
}

/* ---- any number of both ---- */

#define ATTEMPTS 1024

/* The turn of an empty slot in the lap of `position`; one more is that of a full one. */
static inline uint32_t turn(const struct exo_ring *ring, uint64_t position)
{
	return (uint32_t)(position >> ring->shift << 1);
}

/* How far ahead of the position's lap the slot's turn is; `full` is 0 for senders, 1 for receivers. */
static inline int32_t lead(const struct exo_ring *ring, uint64_t position, uint32_t full)
{
	uint32_t now = (uint32_t)load_acquire(&slot_at(ring, position)->header);
	return (int32_t)(now - (turn(ring, position) | full));
}

/* Claims up to `most` positions whose turn has come: how many, 0 if none has, or -1. */
static long claim(struct exo_ring *ring, uint64_t *counter, uint32_t full, size_t most, uint64_t *position)
{
	uint64_t here = load_relaxed(counter);
	for (int i = 0; i < ATTEMPTS; i++) {
		int32_t ahead = lead(ring, here, full);
		if (ahead < 0)
			return 0;
		if (ahead > 0) {
			/* Somebody claimed it since; having seen the turn we see the claim. */
			uint64_t now = load_relaxed(counter);
			if (now == here)
				return failed(EBADMSG);
			here = now;
			continue;
		}
		size_t count = 1;
		while (count < most && lead(ring, here + count, full) == 0)
			count++;
		if (__atomic_compare_exchange_n(counter, &here, here + count, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
			*position = here;
			return (long)count;
		}
	}
	return failed(EAGAIN);
}

static long put_shared(struct exo_ring *ring, const struct exo_message *messages, size_t count)
{
	uint64_t position;
	long got = claim(ring, &ring->control->tail, 0, count, &position);
	if (got == 0)
		return failed(peer_closed(ring) ? EPIPE : EAGAIN);
	for (long i = 0; i < got; i++) {
		struct slot *slot = slot_at(ring, position + i);
		put_payload(slot, &messages[i]);
		store_release(&slot->header, (turn(ring, position + i) | 1) | label(&messages[i]));
	}
	return got;
}

static long take_shared(struct exo_ring *ring, struct exo_message *messages, size_t count)
{
	uint64_t position;
	long got = claim(ring, &ring->control->head, 1, count, &position);
	if (got == 0) {
		if (!peer_closed(ring))
			return failed(EAGAIN);
		/* What was sent before the closing is there now. */
		got = claim(ring, &ring->control->head, 1, count, &position);
		if (got == 0)
			return failed(EPIPE);
	}
	long good = 0;
	for (long i = 0; i < got; i++) {
		struct slot *slot = slot_at(ring, position + i);
		good += get(slot, load_relaxed(&slot->header), &messages[good]);
		store_release(&slot->header, (uint64_t)(uint32_t)(turn(ring, position + i) + 2));
	}
	return got > 0 && good == 0 ? failed(EBADMSG) : got < 0 ? got : good;
}

/* ---- one of each ---- */

static long put_alone(struct exo_ring *ring, const struct exo_message *messages, size_t count)
{
	uint64_t room = ring->limit - ring->position;
	if (room < count) {
		int64_t now = look(ring);
		if (now < 0)
			return -1;
		if (now == 0)
			return failed(peer_closed(ring) ? EPIPE : EAGAIN);
		room = (uint64_t)now;
	}
	if (count > room)
		count = room;
	for (size_t i = 0; i < count; i++) {
		struct slot *slot = slot_at(ring, ring->position + i);
		put_payload(slot, &messages[i]);
		store_relaxed(&slot->header, label(&messages[i]));
	}
	ring->position += count;
	publish(ring);
	return (long)count;
}

static long take_alone(struct exo_ring *ring, struct exo_message *messages, size_t count)
{
	uint64_t there = ring->limit - ring->position;
	if (there < count) {
		int64_t now = look(ring);
		if (now == 0 && peer_closed(ring)) {
			now = look(ring);
			if (now == 0)
				return failed(EPIPE);
		}
		if (now <= 0)
			return now < 0 ? -1 : failed(EAGAIN);
		there = (uint64_t)now;
	}
	if (count > there)
		count = there;
	long good = 0;
	for (size_t i = 0; i < count; i++) {
		struct slot *slot = slot_at(ring, ring->position + i);
		good += get(slot, load_relaxed(&slot->header), &messages[good]);
	}
	ring->position += count;
	publish(ring);
	return good == 0 ? failed(EBADMSG) : good;
}

long exo_ring_put(struct exo_ring *ring, const struct exo_message *messages, size_t count)
{
	if (ring->side != EXO_SEND || ring->form == EXO_BYTES)
		return failed(EBADF);
	if (count == 0)
		return 0;
	return ring->form == EXO_SPSC ? put_alone(ring, messages, count) : put_shared(ring, messages, count);
}

long exo_ring_take(struct exo_ring *ring, struct exo_message *messages, size_t count)
{
	if (ring->side != EXO_RECEIVE || ring->form == EXO_BYTES)
		return failed(EBADF);
	if (count == 0)
		return 0;
	return ring->form == EXO_SPSC ? take_alone(ring, messages, count) : take_shared(ring, messages, count);
}

/* Is there anything to do? Contradictions count, too: trying finds them. */
static int ready(struct exo_ring *ring)
{
	if (ring->form != EXO_MPMC)
		return look(ring) != 0;
	if (ring->side == EXO_SEND)
		return lead(ring, load_relaxed(&ring->control->tail), 0) >= 0;
	return lead(ring, load_relaxed(&ring->control->head), 1) >= 0;
}

size_t exo_ring_room(struct exo_ring *ring)
{
	if (ring->form != EXO_MPMC) {
		int64_t now = look(ring);
		return now < 0 ? 0 : (size_t)now;
	}
	uint64_t used = load_acquire(&ring->control->tail) - load_acquire(&ring->control->head);
	if (used > ring->capacity)
		used = used > (uint64_t)1 << 63 ? 0 : ring->capacity;
	return ring->side == EXO_SEND ? ring->capacity - used : used;
}

/* ---- sleeping and waking ---- */

static uint64_t *word_of(struct exo_ring *ring, int side)
{
	return side == EXO_SEND ? &ring->control->writable : &ring->control->readable;
}

int exo_ring_notify(struct exo_ring *ring)
{
	uint64_t *word = word_of(ring, ring->side == EXO_SEND ? EXO_RECEIVE : EXO_SEND);
	/* The change to the ring comes before this look, as the waiter's count comes before its second look. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uint64_t now = load_relaxed(word);
	while (now & WAITERS)
		if (__atomic_compare_exchange_n(word, &now, (now & ~(uint64_t)WAITERS) + ((uint64_t)1 << 32), 1,
						__ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return (int)syscall(SYS_exo_ring_wake, ring->fd);
	return 0;
}

/* Takes the counting of one who did not sleep, or sleeps no more, back. */
static void cancel(uint64_t *word, uint32_t epoch)
{
	uint64_t now = load_relaxed(word);
	while ((uint32_t)(now >> 32) == epoch && now & WAITERS)
		if (__atomic_compare_exchange_n(word, &now, now - 1, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return;
}

/* What is left until the deadline; 0 if nothing is. */
static int left(const struct timespec *deadline, struct timespec *rest)
{
	clock_gettime(CLOCK_MONOTONIC, rest);
	rest->tv_sec = deadline->tv_sec - rest->tv_sec;
	rest->tv_nsec = deadline->tv_nsec - rest->tv_nsec;
	if (rest->tv_nsec < 0) {
		rest->tv_sec--;
		rest->tv_nsec += 1000000000;
	}
	return rest->tv_sec >= 0 && (rest->tv_sec || rest->tv_nsec);
}

int exo_ring_wait(struct exo_ring *ring, const struct timespec *timeout)
{
	struct timespec deadline, rest;
	if (ready(ring))
		return 0;
	for (unsigned i = 0; i < ring->looks; i++) {
		__builtin_ia32_pause();
		if (ready(ring)) {
			/* It helped: look more often next time. */
			ring->looks = ring->looks * 2 < ring->most_looks ? ring->looks * 2 : ring->most_looks;
			return 0;
		}
	}
	if (ring->looks > 1)
		ring->looks /= 2;
	if (timeout) {
		clock_gettime(CLOCK_MONOTONIC, &deadline);
		deadline.tv_sec += timeout->tv_sec;
		deadline.tv_nsec += timeout->tv_nsec;
		if (deadline.tv_nsec >= 1000000000) {
			deadline.tv_sec++;
			deadline.tv_nsec -= 1000000000;
		}
	}
	uint64_t *word = word_of(ring, ring->side);
	for (;;) {
		uint32_t epoch = (uint32_t)(__atomic_fetch_add(word, 1, __ATOMIC_RELAXED) >> 32);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		int closed = peer_closed(ring), error = 0;
		if (ready(ring)) {
			cancel(word, epoch);
			return 0;
		}
		if (closed)
			error = EPIPE;
		else if (timeout && !left(&deadline, &rest))
			error = ETIMEDOUT;
		else if (syscall(SYS_exo_ring_park, ring->fd, epoch, timeout ? &rest : NULL) < 0)
			error = errno;
		cancel(word, epoch);
		if (ready(ring))
			return 0;
		if (error)
			return failed(error);
	}
}

long exo_ring_send(struct exo_ring *ring, const struct exo_message *messages, size_t count,
		   const struct timespec *timeout)
{
	size_t done = 0;
	while (done < count) {
		long put = exo_ring_put(ring, messages + done, count - done);
		if (put > 0) {
			done += (size_t)put;
			exo_ring_notify(ring);
		} else if (errno != EAGAIN || exo_ring_wait(ring, timeout) < 0) {
			return done ? (long)done : -1;
		}
	}
	return (long)done;
}

long exo_ring_receive(struct exo_ring *ring, struct exo_message *messages, size_t count,
		      const struct timespec *timeout)
{
	for (;;) {
		long got = exo_ring_take(ring, messages, count);
		if (got >= 0 || errno == EBADMSG) {
			int error = errno;
			exo_ring_notify(ring);
			errno = error;
			return got;
		}
		if (errno != EAGAIN || exo_ring_wait(ring, timeout) < 0)
			return -1;
	}
}
