/* Pools: blocks of memory that are handed over, not copied. */
#ifndef EXO_POOL_H
#define EXO_POOL_H

#include <exo/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EXO_POOL_CLASSES 8

/* Blocks of one size, a multiple of 4096. Classes ascend by size. */
struct exo_pool_class {
	uint64_t size;
	uint32_t count;
	uint32_t reserved;
};

/* The system calls. The creator's side may write; a side that joins, if `writable` is 1. */
int exo_pool_create(const struct exo_pool_class *classes, unsigned count, unsigned flags);
int exo_pool_join(int fd, int writable, unsigned flags);

/* A side, mapped. */
struct exo_pool;
struct exo_pool *exo_pool_open(int fd);
void exo_pool_close(struct exo_pool *pool);
int exo_pool_fd(const struct exo_pool *pool);
/* Blocks that somebody holds, or that are on their way. */
unsigned exo_pool_in_use(const struct exo_pool *pool);

/* A hold of a block. Plain data: whoever has it drops it, once. */
struct exo_block {
	void *bytes;
	size_t length;
	struct exo_pool *pool;
	uint32_t index;
	uint32_t reserved;
};

/* A block for `length` bytes, with whatever was there before: ENOBUFS if none is free, EROFS if the side may not write. */
int exo_block_allocate(struct exo_pool *pool, size_t length, struct exo_block *block);
/* A second hold. */
int exo_block_share(const struct exo_block *block, struct exo_block *copy);
void exo_block_drop(struct exo_block *block);
/* Gives the hold to whoever receives the message; on failure it stays with the caller. */
int exo_block_send(struct exo_ring *ring, struct exo_block *block, uint8_t tag, const struct timespec *timeout);
/* The block that a message of kind 1 stands for: EBADMSG if none does. */
int exo_block_receive(struct exo_pool *pool, const struct exo_message *message, struct exo_block *block);
/* Takes back what is in a ring whose receiver has gone; how many blocks. */
long exo_block_reclaim(struct exo_ring *ring, struct exo_pool *pool);

/* Any length: in the message up to 56 bytes, else copied into a block. The receiver gets where the bytes are; what is in
   a block is held until exo_block_drop(), which does nothing to the others. */
int exo_pool_send(struct exo_ring *ring, struct exo_pool *pool, const void *bytes, size_t length,
		  const struct timespec *timeout);
int exo_pool_receive(struct exo_ring *ring, struct exo_pool *pool, struct exo_message *message,
		     struct exo_block *block, const struct timespec *timeout);

#ifdef __cplusplus
}
#endif
#endif
