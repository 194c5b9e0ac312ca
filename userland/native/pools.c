#include "native.h"

static const struct exo_pool_class classes[] = {{4096, 8, 0}, {65536, 4, 0}};

static void alone(void)
{
	struct exo_pool *pool = exo_pool_open((int)need(exo_pool_create(classes, 2, EXO_CLOEXEC)));
	struct exo_block blocks[12], more;
	is(exo_pool_in_use(pool), 0);
	for (int i = 0; i < 12; i++)
		need(exo_block_allocate(pool, i < 8 ? 100 : 5000, &blocks[i]));
	is(exo_pool_in_use(pool), 12);
	fails(exo_block_allocate(pool, 1, &more), ENOBUFS);
	fails(exo_block_allocate(pool, 65537, &more), ENOBUFS);
	for (int i = 0; i < 12; i++)
		memset(blocks[i].bytes, i, blocks[i].length);
	int wrong = 0;
	for (int i = 0; i < 12; i++)
		wrong += ((char *)blocks[i].bytes)[0] != i || ((char *)blocks[i].bytes)[99] != i;
	is(wrong, 0);
	/* Shared: the last holder frees it. */
	ok(exo_block_share(&blocks[3], &more));
	exo_block_drop(&blocks[3]);
	is(exo_pool_in_use(pool), 12);
	exo_block_drop(&more);
	is(exo_pool_in_use(pool), 11);
	exo_block_drop(&more);
	is(exo_pool_in_use(pool), 11);
	/* What is too large for the small ones gets a large one, and the small may have a large one, too. */
	need(exo_block_allocate(pool, 4096, &blocks[3]));
	for (int i = 0; i < 12; i++)
		exo_block_drop(&blocks[i]);
	is(exo_pool_in_use(pool), 0);
	exo_pool_close(pool);
}

static void handed_over(void)
{
	int fds[2], fd = (int)need(exo_pool_create(classes, 2, 0)), theirs = (int)ok(exo_pool_join(fd, 0, 0));
	need(exo_ring_create(EXO_SPSC, 3, 0, fds));
	pid_t child;
	SPAWN(child, {
		close(fds[1]);
		close(fd);
		struct exo_ring *in = exo_ring_open(fds[0]);
		struct exo_pool *pool = exo_pool_open(theirs);
		struct exo_message m;
		struct exo_block block;
		fails(exo_block_allocate(pool, 10, &block), EROFS);
		fails(exo_pool_join(theirs, 1, 0), EACCES);
		for (int i = 0; i < 100; i++) {
			if (exo_pool_receive(in, pool, &m, &block, NULL) < 0)
				ok(-1);
			char *bytes = block.bytes;
			if (block.length != (size_t)i * 300 || (i && (bytes[0] != i || bytes[block.length - 1] != i)))
				is(i, -1);
			exo_block_drop(&block);
		}
		/* It can only read, for good. */
		need(exo_pool_receive(in, pool, &m, &block, NULL));
		fails(mprotect((void *)((uintptr_t)block.bytes & ~4095ul), 4096, PROT_READ | PROT_WRITE), EACCES);
		pid_t writer = start_child();
		if (writer == 0) {
			struct rlimit none = {0, 0};
			setrlimit(RLIMIT_CORE, &none);
			*(char *)block.bytes = 1;
			_exit(0);
		}
		ends(writer, "signal SIGSEGV");
		/* And it ends with that in its hands. */
	});
	close(fds[0]);
	close(theirs);
	struct exo_ring *out = exo_ring_open(fds[1]);
	struct exo_pool *pool = exo_pool_open(fd);
	char bytes[30000];
	for (int i = 0; i < 100; i++) {
		memset(bytes, i, sizeof bytes);
		while (exo_pool_send(out, pool, bytes, (size_t)i * 300, NULL) < 0) {
			if (errno != ENOBUFS)
				ok(-1);
			sched_yield();
		}
	}
	while (exo_pool_send(out, pool, bytes, 2000, NULL) < 0)
		sched_yield();
	ends(child, "exit 0");
	is(exo_pool_in_use(pool), 0);
	/* Nobody receives any more: the block stays with the sender. */
	struct exo_block block;
	need(exo_block_allocate(pool, 1, &block));
	for (int i = 0; i < 9 && exo_block_send(out, &block, 0, NULL) == 0; i++)
		need(exo_block_allocate(pool, 1, &block));
	is(errno, EPIPE);
	exo_block_drop(&block);
	/* What was on its way comes back. */
	is(exo_pool_in_use(pool), 8);
	is(exo_block_reclaim(out, pool), 8);
	is(exo_pool_in_use(pool), 0);
	exo_ring_close(out);
	exo_pool_close(pool);
}

/* Sides come and go, with blocks in their hands, and nothing is lost. */
static void churn(void)
{
	int fd = (int)need(exo_pool_create(classes, 2, 0));
	struct exo_pool *pool = exo_pool_open(fd);
	for (int round = 0; round < 20; round++) {
		CHILD({
			struct exo_pool *own = exo_pool_open((int)need(exo_pool_join(fd, 1, 0)));
			struct exo_block block;
			for (int i = 0; i < 12; i++)
				need(exo_block_allocate(own, 1, &block));
			_exit(0);
		});
		if (exo_pool_in_use(pool) != 0)
			is(exo_pool_in_use(pool), 0);
	}
	int sides[20], count = 0;
	while (count < 20 && (sides[count] = exo_pool_join(fd, 1, 0)) >= 0)
		count++;
	is(count, 14);
	is(errno, EBUSY);
	while (count)
		close(sides[--count]);
	exo_pool_close(pool);
}

static void errors(void)
{
	struct exo_pool_class bad[9] = {{4096, 1, 0}};
	fails(exo_pool_create(classes, 0, 0), EINVAL);
	fails(exo_pool_create(bad, 9, 0), EINVAL);
	bad[0].size = 100;
	fails(exo_pool_create(bad, 1, 0), EINVAL);
	bad[0].size = 0;
	fails(exo_pool_create(bad, 1, 0), EINVAL);
	bad[0] = (struct exo_pool_class){4096, 0, 0};
	fails(exo_pool_create(bad, 1, 0), EINVAL);
	bad[0] = (struct exo_pool_class){4096, 65537, 0};
	fails(exo_pool_create(bad, 1, 0), EINVAL);
	bad[0] = (struct exo_pool_class){1ul << 63, 2, 0};
	fails(exo_pool_create(bad, 1, 0), EINVAL);
	bad[0] = (struct exo_pool_class){1ul << 62, 1, 0};
	fails(exo_pool_create(bad, 1, 0), ENOMEM);
	bad[0] = (struct exo_pool_class){8192, 1, 0};
	bad[1] = (struct exo_pool_class){4096, 1, 0};
	fails(exo_pool_create(bad, 2, 0), EINVAL);
	fails(exo_pool_create(NULL, 1, 0), EFAULT);
	fails(exo_pool_create(classes, 2, 1), EINVAL);
	int fd = (int)need(exo_pool_create(classes, 2, 0)), fds[2];
	fails(exo_pool_join(fd, 2, 0), EINVAL);
	fails(exo_pool_join(0, 1, 0), ENOTSUP);
	fails(syscall(SYS_exo_pool_map, fd, 1), EFAULT);
	need(exo_ring_create(EXO_SPSC, 3, 0, fds));
	fails(exo_pool_join(fds[0], 1, 0), ENOTSUP);
	fails(syscall(SYS_exo_ring_wake, fd), ENOTSUP);
	/* By name: to read, or to write, too. */
	ok(exo_name(fd, "blocks", 0640));
	CHILD({
		gid_t group = 0;
		need(setgroups(1, &group));
		need(setresuid(1000, 1000, 1000));
		fails(exo_attach("blocks", EXO_SEND, 0), EACCES);
		struct exo_pool *pool = exo_pool_open((int)ok(exo_attach("blocks", EXO_RECEIVE, 0)));
		struct exo_block block;
		fails(exo_block_allocate(pool, 1, &block), EROFS);
	});
	close(fd);
	fails(exo_attach("blocks", EXO_SEND, 0), ENOENT);
	close(fds[0]);
	close(fds[1]);
}

NATIVE_TEST("pools: blocks that are handed over")
{
	alone();
	handed_over();
	churn();
	errors();
}
