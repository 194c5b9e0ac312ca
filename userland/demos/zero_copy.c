/*
 * A gibibyte from one process to another in blocks of a mebibyte, none of which is copied: a message says where the
 * block is. The receiver can only read.
 *
 *   zero_copy [MEBIBYTES]
 */
#include <errno.h>
#include <exo.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK (1 << 20)
#define BLOCKS 8
#define PAGE 4096

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Looks into every page of what comes. */
static int receive(int ring_fd, int pool_fd, long blocks)
{
	struct exo_ring *in = exo_ring_open(ring_fd);
	struct exo_pool *pool = exo_pool_open(pool_fd);
	if (!in || !pool)
		return perror("receiver"), 1;
	struct exo_message message;
	long got = 0, wrong = 0;
	while (exo_ring_receive(in, &message, 1, NULL) == 1) {
		struct exo_block block;
		if (exo_block_receive(pool, &message, &block) < 0)
			return perror("exo_block_receive"), 1;
		for (size_t at = 0; at < block.length; at += PAGE)
			wrong += *(uint64_t *)(void *)((char *)block.bytes + at) != (uint64_t)got + at;
		exo_block_drop(&block);
		got++;
	}
	return errno != EPIPE || got != blocks || wrong;
}

int main(int argc, char **argv)
{
	exo_require();
	long blocks = argc > 1 ? atol(argv[1]) : 1024;
	struct exo_pool_class class = {BLOCK, BLOCKS, 0};
	int fds[2], pool_fd = exo_pool_create(&class, 1, EXO_CLOEXEC);
	int reader = exo_pool_join(pool_fd, 0, EXO_CLOEXEC);
	if (pool_fd < 0 || reader < 0 || exo_ring_create(EXO_SPSC, 6, EXO_CLOEXEC, fds) < 0)
		return perror("pool and ring"), 1;
	pid_t child = fork();
	if (child == 0) {
		close(fds[1]);
		close(pool_fd);
		_exit(receive(fds[0], reader, blocks));
	}
	close(fds[0]);
	close(reader);
	struct exo_ring *out = exo_ring_open(fds[1]);
	struct exo_pool *pool = exo_pool_open(pool_fd);
	double start = seconds();
	for (long i = 0; i < blocks; i++) {
		struct exo_block block;
		/* As many blocks as the pool has are on their way; then the receiver's turn comes. */
		while (exo_block_allocate(pool, BLOCK, &block) < 0) {
			if (errno != ENOBUFS)
				return perror("exo_block_allocate"), 1;
			usleep(100);
		}
		for (size_t at = 0; at < BLOCK; at += PAGE)
			*(uint64_t *)(void *)((char *)block.bytes + at) = (uint64_t)i + at;
		if (exo_block_send(out, &block, 0, NULL) < 0)
			return perror("exo_block_send"), 1;
	}
	exo_ring_close(out);
	int status;
	waitpid(child, &status, 0);
	double took = seconds() - start;
	printf("%ld MiB handed over in %.2f s: %.0f MiB/s, no byte copied; %u blocks left behind\n", blocks, took,
	       (double)blocks / took, exo_pool_in_use(pool));
	return status != 0 || exo_pool_in_use(pool) != 0;
}
