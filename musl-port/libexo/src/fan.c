/* Channels with many receivers, or many classes. */
#include "internal.h"

#include <poll.h>

int exo_chan_send(struct exo_ring *ring, uint8_t tag, const void *value, size_t size, const struct timespec *timeout)
{
	struct exo_message message;
	if (exo_message_set(&message, tag, value, size) < 0)
		return -1;
	return exo_ring_send(ring, &message, 1, timeout) == 1 ? 0 : -1;
}

int exo_chan_receive(struct exo_ring *ring, uint8_t tag, void *value, size_t size, const struct timespec *timeout)
{
	struct exo_message message;
	if (exo_ring_receive(ring, &message, 1, timeout) != 1)
		return -1;
	if (message.kind != 0 || message.tag != tag || message.length != size)
		return failed(EBADMSG);
	memcpy(value, message.bytes, size);
	return 0;
}

/* ---- all, or some ---- */

void exo_chan_fan_init(struct exo_chan_fan *fan, enum exo_chan_policy policy)
{
	*fan = (struct exo_chan_fan){.policy = policy};
}

void exo_chan_fan_end(struct exo_chan_fan *fan)
{
	free(fan->seats);
	fan->seats = NULL;
	fan->count = 0;
}

int exo_chan_subscribe(struct exo_chan_fan *fan, struct exo_ring *ring, uint64_t groups)
{
	struct exo_chan_seat *seats = realloc(fan->seats, (fan->count + 1) * sizeof *seats);
	if (!seats)
		return -1;
	fan->seats = seats;
	seats[fan->count++] = (struct exo_chan_seat){.ring = ring, .groups = groups};
	return 0;
}

static void leave(struct exo_chan_fan *fan, size_t place)
{
	fan->seats[place] = fan->seats[--fan->count];
}

int exo_chan_unsubscribe(struct exo_chan_fan *fan, struct exo_ring *ring)
{
	for (size_t i = 0; i < fan->count; i++)
		if (fan->seats[i].ring == ring) {
			leave(fan, i);
			return 0;
		}
	return failed(ENOENT);
}

long exo_chan_multicast(struct exo_chan_fan *fan, uint64_t groups, const struct exo_message *message)
{
	if (fan->policy == EXO_WAIT)
		for (size_t i = 0; i < fan->count; i++)
			if (fan->seats[i].groups & groups && exo_ring_room(fan->seats[i].ring) == 0 &&
			    !peer_closed(fan->seats[i].ring))
				return failed(EAGAIN);
	long reached = 0;
	for (size_t i = 0; i < fan->count;) {
		struct exo_chan_seat *seat = &fan->seats[i];
		if (seat->groups & groups) {
			if (!peer_closed(seat->ring) && exo_ring_put(seat->ring, message, 1) == 1) {
				exo_ring_notify(seat->ring);
				reached++;
			} else if (peer_closed(seat->ring) || errno != EAGAIN) {
				leave(fan, i);
				continue;
			} else {
				seat->missed++;
			}
		}
		i++;
	}
	return reached;
}

long exo_chan_broadcast(struct exo_chan_fan *fan, const struct exo_message *message)
{
	return exo_chan_multicast(fan, UINT64_MAX, message);
}

/* ---- any one ---- */

void exo_chan_any_init(struct exo_chan_any *any)
{
	*any = (struct exo_chan_any){0};
}

void exo_chan_any_end(struct exo_chan_any *any)
{
	free(any->rings);
	exo_chan_any_init(any);
}

int exo_chan_any_add(struct exo_chan_any *any, struct exo_ring *ring)
{
	struct exo_ring **rings = realloc(any->rings, (any->count + 1) * sizeof *rings);
	if (!rings)
		return -1;
	any->rings = rings;
	rings[any->count++] = ring;
	return 0;
}

int exo_chan_any_send(struct exo_chan_any *any, const struct exo_message *message)
{
	while (any->count) {
		size_t best = 0, most = 0;
		for (size_t offset = 0; offset < any->count; offset++) {
			size_t place = (any->turn + offset) % any->count;
			/* One that has gone is as good as any: trying finds out. */
			size_t room = peer_closed(any->rings[place]) ? SIZE_MAX : exo_ring_room(any->rings[place]);
			if (offset == 0 || room > most) {
				best = place;
				most = room;
			}
		}
		struct exo_ring *ring = any->rings[best];
		if (!peer_closed(ring)) {
			if (exo_ring_put(ring, message, 1) == 1) {
				any->turn = best + 1;
				exo_ring_notify(ring);
				return 0;
			}
			if (errno == EAGAIN)
				return -1;
		}
		any->rings[best] = any->rings[--any->count];
	}
	return failed(EPIPE);
}

/* ---- the most urgent first ---- */

int exo_chan_priority_init(struct exo_chan_priority *channel, struct exo_ring *const *rings, const unsigned *shares,
			   unsigned count)
{
	if (count == 0 || count > EXO_CHAN_CLASSES)
		return failed(EINVAL);
	*channel = (struct exo_chan_priority){.count = count};
	for (unsigned i = 0; i < count; i++) {
		channel->rings[i] = rings[i];
		channel->shares[i] = channel->left[i] = shares && shares[i] ? shares[i] : 1;
	}
	return 0;
}

int exo_chan_priority_send(struct exo_chan_priority *channel, unsigned class, const struct exo_message *message,
			   const struct timespec *timeout)
{
	if (class >= channel->count)
		class = channel->count - 1;
	return exo_ring_send(channel->rings[class], message, 1, timeout) == 1 ? 0 : -1;
}

/* The class to serve: the most urgent that has something and some of its share left; -1 if none has anything. */
static int pick(struct exo_chan_priority *channel)
{
	int first = -1;
	for (unsigned i = 0; i < channel->count; i++) {
		if (exo_ring_room(channel->rings[i]) == 0)
			continue;
		if (first < 0)
			first = (int)i;
		if (channel->left[i]) {
			channel->left[i]--;
			return (int)i;
		}
	}
	if (first >= 0) {
		memcpy(channel->left, channel->shares, sizeof channel->left);
		channel->left[first]--;
	}
	return first;
}

/* Sleeps until one of the classes may have something. */
static int wait_any(struct exo_chan_priority *channel, const struct timespec *timeout)
{
	struct pollfd list[EXO_CHAN_CLASSES];
	unsigned open = 0;
	for (unsigned i = 0; i < channel->count; i++)
		if (!peer_closed(channel->rings[i]) || exo_ring_room(channel->rings[i]))
			list[open++] = (struct pollfd){.fd = channel->rings[i]->fd, .events = POLLIN};
	if (open == 0)
		return failed(EPIPE);
	int milliseconds = timeout ? (int)(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999999) / 1000000) : -1;
	int ready = poll(list, open, milliseconds);
	return ready == 0 ? failed(ETIMEDOUT) : ready < 0 ? -1 : 0;
}

int exo_chan_priority_receive(struct exo_chan_priority *channel, struct exo_message *message,
			      const struct timespec *timeout)
{
	for (;;) {
		int class = pick(channel);
		if (class < 0) {
			if (wait_any(channel, timeout) < 0)
				return -1;
		} else if (exo_ring_take(channel->rings[class], message, 1) == 1) {
			exo_ring_notify(channel->rings[class]);
			return class;
		} else if (errno != EAGAIN && errno != EPIPE) {
			return -1;
		}
	}
}
