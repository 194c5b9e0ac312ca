/* Rings: messages of up to 56 bytes, or bytes, between processes, without a system call unless somebody sleeps. */
#ifndef EXO_RING_H
#define EXO_RING_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Forms: messages with one sender and one receiver, messages with any number of both, bytes with one of each. */
#define EXO_SPSC 1
#define EXO_MPMC 2
#define EXO_BYTES 3

/* Sides. */
#define EXO_RECEIVE 1
#define EXO_SEND 2

/* Binary logarithm of the slots of an ordinary ring. */
#define EXO_SHIFT 12
/* Bytes that a message has room for. */
#define EXO_PAYLOAD 56

/* A message. Its `tag` is the program's own; `kind` is 0, or 1 for a descriptor of a block in a pool. */
struct exo_message {
	uint32_t reserved;
	uint16_t length;
	uint8_t kind;
	uint8_t tag;
	union {
		unsigned char bytes[EXO_PAYLOAD];
		uint64_t words[EXO_PAYLOAD / 8];
	};
} __attribute__((aligned(64)));

/* What exo_ring_stat() tells. */
struct exo_ring_stat {
	uint32_t form, shift, side, reserved;
	uint64_t used;
	uint32_t receivers, senders;
	uint64_t receiver_parks, sender_parks, receiver_wakes, sender_wakes;
};

/* The system calls. */
int exo_ring_create(int form, unsigned shift, unsigned flags, int fds[2]);
int exo_ring_duplicate(int fd, unsigned flags);
int exo_ring_hang_up(int fd);
int exo_ring_stat(int fd, struct exo_ring_stat *stat);
int exo_name(int fd, const char *name, unsigned mode);
int exo_unname(const char *name);
int exo_attach(const char *name, int side, unsigned flags);

/* An end, mapped. */
struct exo_ring;
struct exo_ring *exo_ring_open(int fd);
void exo_ring_close(struct exo_ring *ring);
int exo_ring_fd(const struct exo_ring *ring);
int exo_ring_side(const struct exo_ring *ring);
size_t exo_ring_capacity(const struct exo_ring *ring);

/* Without waiting, and without waking: EAGAIN, EPIPE, EBADMSG. */
long exo_ring_put(struct exo_ring *ring, const struct exo_message *messages, size_t count);
long exo_ring_take(struct exo_ring *ring, struct exo_message *messages, size_t count);
/* Room for messages (or bytes), or how many there are; a guess where others are at it, too. */
size_t exo_ring_room(struct exo_ring *ring);
/* Wakes the other side if it sleeps; how many slept. */
int exo_ring_notify(struct exo_ring *ring);
/* Waits until there is something to do. A timeout of NULL is for ever. */
int exo_ring_wait(struct exo_ring *ring, const struct timespec *timeout);

/* Waiting and waking: all messages are sent; at least one is received. */
long exo_ring_send(struct exo_ring *ring, const struct exo_message *messages, size_t count,
		   const struct timespec *timeout);
long exo_ring_receive(struct exo_ring *ring, struct exo_message *messages, size_t count,
		      const struct timespec *timeout);

/* One message of bytes. */
int exo_message_set(struct exo_message *message, uint8_t tag, const void *bytes, size_t length);

/* Byte rings: everything is written; at least a byte is read, 0 is the end. */
long exo_ring_write(struct exo_ring *ring, const void *bytes, size_t length, const struct timespec *timeout);
long exo_ring_read(struct exo_ring *ring, void *bytes, size_t length, const struct timespec *timeout);
/* The bytes to be read, or the room to be written, in one piece where they are; then how many are done with. */
void *exo_ring_span(struct exo_ring *ring, size_t *length);
void exo_ring_advance(struct exo_ring *ring, size_t length);

#ifdef __cplusplus
}
#endif
#endif
