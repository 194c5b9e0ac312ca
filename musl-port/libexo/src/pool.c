/* Pools. What the table says is believed only as far as the private layout allows. */
#include "internal.h"

#define UNIT 4096
#define ATTEMPTS 1024
#define MOST_HOLDS 15
/* The side of messages on their way. */
#define TRANSIT 0
#define NOBODY -1

struct head {
	LINE uint64_t free;
	uint32_t fresh;
};

struct entry {
	uint64_t holders;
	uint32_t next;
	uint32_t generation;
};

struct table {
	struct head heads[EXO_POOL_CLASSES];
	struct entry entries[];
};

/* As exo_pool_map writes it. */
struct pool_map {
	uint64_t table, table_length, data, data_length;
	uint32_t side, writable, count, in_use;
	struct exo_pool_class classes[EXO_POOL_CLASSES];
};

struct exo_pool {
	struct table *table;
	unsigned char *data;
	size_t table_length, data_length;
	struct exo_pool_class classes[EXO_POOL_CLASSES];
	unsigned count;
	uint32_t blocks;
	int side, writable, fd;
};

/* 24 bytes of payload. */
struct descriptor {
	uint32_t block, generation;
	uint64_t offset, length;
};

struct exo_pool *exo_pool_open(int fd)
{
	struct exo_pool *pool = calloc(1, sizeof *pool);
	struct pool_map map;
	if (!pool)
		return NULL;
	if (syscall(SYS_exo_pool_map, fd, &map) < 0) {
		free(pool);
		return NULL;
	}
	pool->table = (struct table *)(uintptr_t)map.table;
	pool->data = (unsigned char *)(uintptr_t)map.data;
	pool->table_length = map.table_length;
	pool->data_length = map.data_length;
	pool->side = (int)map.side;
	pool->writable = (int)map.writable;
	pool->count = map.count;
	pool->fd = fd;
	memcpy(pool->classes, map.classes, sizeof pool->classes);
	for (unsigned i = 0; i < pool->count; i++)
		pool->blocks += pool->classes[i].count;
	return pool;
}

void exo_pool_close(struct exo_pool *pool)
{
	if (!pool)
		return;
	/* One piece: the data follow the table. */
	munmap(pool->table, pool->table_length + pool->data_length);
	close(pool->fd);
	free(pool);
}

int exo_pool_fd(const struct exo_pool *pool)
{
	return pool->fd;
}

unsigned exo_pool_in_use(const struct exo_pool *pool)
{
	unsigned used = 0;
	for (uint32_t i = 0; i < pool->blocks; i++)
		used += load_relaxed(&pool->table->entries[i].holders) != 0;
	return used;
}

/* ---- holders ---- */

static uint64_t one(int side)
{
	return (uint64_t)1 << (side * 4);
}

static unsigned held(uint64_t holders, int side)
{
	return (unsigned)(holders >> (side * 4)) & MOST_HOLDS;
}

/* Moves one hold; who holds the block then is left in `after`. */
static int shift(struct entry *entry, int from, int to, uint64_t *after)
{
	uint64_t holders = load_relaxed(&entry->holders);
	for (int i = 0; i < ATTEMPTS; i++) {
		if (from != NOBODY && held(holders, from) == 0)
			return failed(EBADMSG);
		if (to != NOBODY && held(holders, to) == MOST_HOLDS)
			return failed(EMLINK);
		uint64_t changed = holders - (from == NOBODY ? 0 : one(from)) + (to == NOBODY ? 0 : one(to));
		/* What a holder did to the block is before what the last one does, who frees it. */
		if (__atomic_compare_exchange_n(&entry->holders, &holders, changed, 1, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED)) {
			*after = changed;
			return 0;
		}
	}
	return failed(EBADMSG);
}

/* The class of a block, and where it begins in the data; -1 if there is none. */
static int class_of(const struct exo_pool *pool, uint32_t index, size_t *start)
{
	size_t at = 0;
	for (unsigned i = 0; i < pool->count; i++) {
		const struct exo_pool_class *class = &pool->classes[i];
		if (index < class->count) {
			*start = at + index * class->size;
			return (int)i;
		}
		index -= class->count;
		at += class->count * class->size;
	}
	return failed(EBADMSG);
}

/* Puts a block that nobody holds on its class's list. After too many failures it is lost to a scribbler. */
static void push(struct exo_pool *pool, int class, uint32_t index)
{
	struct entry *entry = &pool->table->entries[index];
	__atomic_fetch_add(&entry->generation, 1, __ATOMIC_RELAXED);
	struct head *head = &pool->table->heads[class];
	uint64_t free = load_relaxed(&head->free);
	for (int i = 0; i < ATTEMPTS; i++) {
		store_relaxed(&entry->next, (uint32_t)free);
		uint64_t changed = ((free >> 32) + 1) << 32 | (index + 1);
		if (__atomic_compare_exchange_n(&head->free, &free, changed, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return;
	}
}

static void drop_hold(struct exo_pool *pool, uint32_t index, int side)
{
	size_t start;
	uint64_t after;
	int class = class_of(pool, index, &start);
	if (class >= 0 && shift(&pool->table->entries[index], side, NOBODY, &after) == 0 && after == 0)
		push(pool, class, index);
}

/* A block that was never used; -1 if there is none. */
static int64_t fresh(struct head *head, uint32_t first, uint32_t count)
{
	uint32_t next = load_relaxed(&head->fresh);
	for (int i = 0; i < ATTEMPTS && next < count; i++)
		if (__atomic_compare_exchange_n(&head->fresh, &next, next + 1, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return first + next;
	return -1;
}

/* Takes a block off its class's list, or a fresh one; -1 if there is none. */
static int64_t pop(struct exo_pool *pool, unsigned class, uint32_t first)
{
	struct head *head = &pool->table->heads[class];
	uint32_t count = pool->classes[class].count;
	uint64_t free = load_acquire(&head->free);
	for (int i = 0; i < ATTEMPTS; i++) {
		uint32_t number = (uint32_t)free;
		if (number == 0)
			return fresh(head, first, count);
		if (number - 1 < first || number - 1 - first >= count)
			return -1;
		uint64_t next = load_relaxed(&pool->table->entries[number - 1].next);
		uint64_t changed = ((free >> 32) + 1) << 32 | next;
		if (__atomic_compare_exchange_n(&head->free, &free, changed, 1, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
			return number - 1;
	}
	return -1;
}

/* ---- blocks ---- */

int exo_block_allocate(struct exo_pool *pool, size_t length, struct exo_block *block)
{
	if (!pool->writable)
		return failed(EROFS);
	uint32_t first = 0;
	size_t start = 0;
	for (unsigned i = 0; i < pool->count; i++) {
		const struct exo_pool_class *class = &pool->classes[i];
		int64_t index = class->size < length ? -1 : pop(pool, i, first);
		if (index >= 0) {
			store_relaxed(&pool->table->entries[index].holders, one(pool->side));
			*block = (struct exo_block){.bytes = pool->data + start + ((uint32_t)index - first) * class->size,
						    .length = length, .pool = pool, .index = (uint32_t)index};
			return 0;
		}
		first += class->count;
		start += class->count * class->size;
	}
	return failed(ENOBUFS);
}

int exo_block_share(const struct exo_block *block, struct exo_block *copy)
{
	uint64_t after;
	if (shift(&block->pool->table->entries[block->index], NOBODY, block->pool->side, &after) < 0)
		return -1;
	*copy = *block;
	return 0;
}

void exo_block_drop(struct exo_block *block)
{
	if (!block->pool)
		return;
	drop_hold(block->pool, block->index, block->pool->side);
	block->pool = NULL;
	block->bytes = NULL;
}

int exo_block_send(struct exo_ring *ring, struct exo_block *block, uint8_t tag, const struct timespec *timeout)
{
	struct exo_pool *pool = block->pool;
	struct entry *entry = &pool->table->entries[block->index];
	struct exo_message message = {.length = sizeof(struct descriptor), .kind = 1, .tag = tag};
	struct descriptor descriptor = {.block = block->index, .generation = load_relaxed(&entry->generation)};
	size_t start;
	uint64_t after;
	if (class_of(pool, block->index, &start) < 0)
		return -1;
	descriptor.offset = (uint64_t)((unsigned char *)block->bytes - pool->data) - start;
	descriptor.length = block->length;
	memcpy(message.bytes, &descriptor, sizeof descriptor);
	if (shift(entry, pool->side, TRANSIT, &after) < 0)
		return -1;
	if (exo_ring_send(ring, &message, 1, timeout) != 1) {
		int error = errno;
		shift(entry, TRANSIT, pool->side, &after);
		return failed(error);
	}
	block->pool = NULL;
	block->bytes = NULL;
	return 0;
}

int exo_block_receive(struct exo_pool *pool, const struct exo_message *message, struct exo_block *block)
{
	struct descriptor descriptor;
	size_t start;
	uint64_t after;
	if (message->kind != 1 || message->length != sizeof descriptor)
		return failed(EBADMSG);
	memcpy(&descriptor, message->bytes, sizeof descriptor);
	int class = class_of(pool, descriptor.block, &start);
	if (class < 0)
		return -1;
	struct entry *entry = &pool->table->entries[descriptor.block];
	if (descriptor.offset > pool->classes[class].size ||
	    descriptor.length > pool->classes[class].size - descriptor.offset ||
	    load_relaxed(&entry->generation) != descriptor.generation)
		return failed(EBADMSG);
	if (shift(entry, TRANSIT, pool->side, &after) < 0)
		return -1;
	*block = (struct exo_block){.bytes = pool->data + start + descriptor.offset, .length = descriptor.length,
				    .pool = pool, .index = descriptor.block};
	return 0;
}

long exo_block_reclaim(struct exo_ring *ring, struct exo_pool *pool)
{
	if (ring->side != EXO_SEND || ring->form != EXO_SPSC)
		return failed(EBADF);
	if (!peer_closed(ring))
		return failed(EBUSY);
	/* In the receiver's place, as nobody else is there. */
	struct exo_ring receiver = *ring;
	receiver.side = EXO_RECEIVE;
	receiver.position = receiver.limit = load_acquire(&ring->control->head);
	struct exo_message message;
	struct exo_block block;
	long count = 0;
	for (;;) {
		long got = exo_ring_take(&receiver, &message, 1);
		if (got < 0 && errno != EBADMSG)
			return count;
		if (got == 1 && exo_block_receive(pool, &message, &block) == 0) {
			exo_block_drop(&block);
			count++;
		}
		if (look(&receiver) < 0)
			return count;
	}
}

int exo_pool_send(struct exo_ring *ring, struct exo_pool *pool, const void *bytes, size_t length,
		  const struct timespec *timeout)
{
	struct exo_message message;
	struct exo_block block;
	if (length <= EXO_PAYLOAD) {
		exo_message_set(&message, 0, bytes, length);
		return exo_ring_send(ring, &message, 1, timeout) == 1 ? 0 : -1;
	}
	if (exo_block_allocate(pool, length, &block) < 0)
		return -1;
	memcpy(block.bytes, bytes, length);
	if (exo_block_send(ring, &block, 0, timeout) < 0) {
		int error = errno;
		exo_block_drop(&block);
		return failed(error);
	}
	return 0;
}

int exo_pool_receive(struct exo_ring *ring, struct exo_pool *pool, struct exo_message *message,
		     struct exo_block *block, const struct timespec *timeout)
{
	if (exo_ring_receive(ring, message, 1, timeout) != 1)
		return -1;
	if (message->kind == 1)
		return exo_block_receive(pool, message, block);
	*block = (struct exo_block){.bytes = message->bytes, .length = message->length};
	return 0;
}
