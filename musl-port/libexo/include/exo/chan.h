/* Channels: what programs say over rings. */
#ifndef EXO_CHAN_H
#define EXO_CHAN_H

#include <exo/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- typed: plain data of up to 56 bytes, known by a tag ---- */

int exo_chan_send(struct exo_ring *ring, uint8_t tag, const void *value, size_t size, const struct timespec *timeout);
/* EBADMSG for what has another tag or size; it is skipped. */
int exo_chan_receive(struct exo_ring *ring, uint8_t tag, void *value, size_t size, const struct timespec *timeout);

/* ---- one sender, many receivers: a ring for each (broadcast, multicast) ---- */

enum exo_chan_policy {
	EXO_WAIT, /* somebody has no room: nobody gets it, EAGAIN */
	EXO_SKIP, /* those without room miss it, which is counted */
};
struct exo_chan_seat {
	struct exo_ring *ring;
	uint64_t groups, missed;
};
struct exo_chan_fan {
	struct exo_chan_seat *seats;
	size_t count;
	enum exo_chan_policy policy;
};
void exo_chan_fan_init(struct exo_chan_fan *fan, enum exo_chan_policy policy);
/* Forgets the subscribers; their rings stay open. */
void exo_chan_fan_end(struct exo_chan_fan *fan);
int exo_chan_subscribe(struct exo_chan_fan *fan, struct exo_ring *ring, uint64_t groups);
int exo_chan_unsubscribe(struct exo_chan_fan *fan, struct exo_ring *ring);
/* How many got it. Those who have gone are no subscribers any more. */
long exo_chan_multicast(struct exo_chan_fan *fan, uint64_t groups, const struct exo_message *message);
long exo_chan_broadcast(struct exo_chan_fan *fan, const struct exo_message *message);

/* ---- one message, any one of many receivers: the one with the most room ---- */

struct exo_chan_any {
	struct exo_ring **rings;
	size_t count, turn;
};
void exo_chan_any_init(struct exo_chan_any *any);
void exo_chan_any_end(struct exo_chan_any *any);
int exo_chan_any_add(struct exo_chan_any *any, struct exo_ring *ring);
/* EAGAIN if nobody has room, EPIPE if nobody is left. */
int exo_chan_any_send(struct exo_chan_any *any, const struct exo_message *message);

/* ---- classes of urgency: a ring for each, 0 the most urgent ---- */

#define EXO_CHAN_CLASSES 8
struct exo_chan_priority {
	struct exo_ring *rings[EXO_CHAN_CLASSES];
	unsigned shares[EXO_CHAN_CLASSES], left[EXO_CHAN_CLASSES];
	unsigned count;
};
/* `shares`: messages of each class in a round, so that none starves. */
int exo_chan_priority_init(struct exo_chan_priority *channel, struct exo_ring *const *rings, const unsigned *shares,
			   unsigned count);
int exo_chan_priority_send(struct exo_chan_priority *channel, unsigned urgency, const struct exo_message *message,
			   const struct timespec *timeout);
/* The class of the message that was received. */
int exo_chan_priority_receive(struct exo_chan_priority *channel, struct exo_message *message,
			      const struct timespec *timeout);

/* ---- requests and replies: bodies of up to 48 bytes ---- */

#define EXO_BODY (EXO_PAYLOAD - 8)
struct exo_chan_request {
	uint64_t id;
	size_t length;
	unsigned char body[EXO_BODY];
};
struct exo_chan_client {
	struct exo_ring *to, *from;
	struct exo_chan_place *places;
	unsigned window, outstanding;
	uint64_t strays;
};
/* Up to `window` requests may be outstanding. */
int exo_chan_client_init(struct exo_chan_client *client, struct exo_ring *to, struct exo_ring *from, unsigned window);
void exo_chan_client_end(struct exo_chan_client *client);
/* Sends; what names the request is left in `id`. EAGAIN if too many are outstanding. */
int exo_chan_ask(struct exo_chan_client *client, const void *body, size_t length, uint64_t *id,
		 const struct timespec *timeout);
/* The next reply to a request that is outstanding; others are counted as strays. */
int exo_chan_answer(struct exo_chan_client *client, struct exo_chan_request *reply, const struct timespec *timeout);
/* Gives a request up: ENOENT if it is not outstanding. */
int exo_chan_give_up(struct exo_chan_client *client, uint64_t id);
/* Sends and waits for that reply; how many bytes it has. */
long exo_chan_call(struct exo_chan_client *client, const void *body, size_t length, void *reply, size_t room,
		   const struct timespec *timeout);
/* The server: requests in, replies out, in whatever order. */
int exo_chan_serve(struct exo_ring *from, struct exo_chan_request *request, const struct timespec *timeout);
int exo_chan_reply(struct exo_ring *to, const struct exo_chan_request *request, const void *body, size_t length,
		   const struct timespec *timeout);

/* ---- flow control ---- */

/* What the sender may still send. */
struct exo_chan_credit {
	uint64_t sent, granted, window;
};
void exo_chan_credit_init(struct exo_chan_credit *credit, uint32_t window);
/* Uses one up: 1, or 0 if there is none. */
int exo_chan_credit_take(struct exo_chan_credit *credit);
/* The receiver's grant: EPROTO if it is more than the window allows. */
int exo_chan_credit_grant(struct exo_chan_credit *credit, uint64_t granted);
/* The receiver's half: so many more are done with; 1 if `grant` is to be sent. */
struct exo_chan_grants {
	uint64_t consumed, granted, window;
};
void exo_chan_grants_init(struct exo_chan_grants *grants, uint32_t window);
int exo_chan_grants_consumed(struct exo_chan_grants *grants, uint32_t count, uint64_t *grant);

/* When to wake the receiver: at once, or with a later message but within the budget. Times are in nanoseconds. */
struct exo_chan_coalescer {
	uint64_t budget, gap, last, deadline;
	uint32_t most, pending;
	int begun;
};
void exo_chan_coalescer_init(struct exo_chan_coalescer *coalescer, uint64_t budget, uint32_t most);
/* A message was put in at `now`: 1 if the receiver is to be woken. */
int exo_chan_coalescer_sent(struct exo_chan_coalescer *coalescer, uint64_t now);
/* Is a wake-up held back that is due at `now` (or, with UINT64_MAX, at all)? */
int exo_chan_coalescer_due(struct exo_chan_coalescer *coalescer, uint64_t now);
/* Puts a message in, and wakes as the coalescer says; call exo_chan_flush() before sleeping or idling. */
int exo_chan_send_coalesced(struct exo_ring *ring, struct exo_chan_coalescer *coalescer,
			    const struct exo_message *message, const struct timespec *timeout);
int exo_chan_flush(struct exo_ring *ring, struct exo_chan_coalescer *coalescer);

#ifdef __cplusplus
}
#endif
#endif
