#include "test.h"
TEST("fallocate: reserve, keep size, punch holes, zero, errors")
{
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644)), ro = (int)need(open("f", O_RDONLY));
	struct stat st;
	ok(fallocate(fd, 0, 0, 10000));
	is(size_of("f"), 10000);
	need(fstat(fd, &st));
	is(st.st_blocks, 24);
	ok(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100000));
	is(size_of("f"), 10000);
	need(ftruncate(fd, 0));
	char block[4096];
	memset(block, 'x', sizeof block);
	for (int i = 0; i < 8; i++)
		need(write(fd, block, sizeof block));
	ok(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 2 * 4096));
	is(size_of("f"), 8 * 4096);
	need(fstat(fd, &st));
	is(st.st_blocks, 6 * 8);
	char c = 1;
	is(pread(fd, &c, 1, 4096), 1);
	is(c, 0);
	is(lseek(fd, 0, SEEK_HOLE), 4096);
	/* Unaligned edges are zeroed. */
	ok(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5 * 4096 + 10, 20));
	is(pread(fd, &c, 1, 5 * 4096 + 9), 1);
	is(c, 'x');
	is(pread(fd, &c, 1, 5 * 4096 + 10), 1);
	is(c, 0);
	is(pread(fd, &c, 1, 5 * 4096 + 30), 1);
	is(c, 'x');
	fails(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 4096), EOPNOTSUPP);
	fails(fallocate(fd, 0, -1, 4096), EINVAL);
	fails(fallocate(fd, 0, 0, 0), EINVAL);
	fails(fallocate(fd, 0, 0, -5), EINVAL);
	fails(fallocate(fd, 0x1000, 0, 4096), EOPNOTSUPP);
	fails(fallocate(ro, 0, 0, 4096), EBADF);
	fails(fallocate(-1, 0, 0, 4096), EBADF);
	fails(fallocate(fd, 0, 0x7fffffffffffffff, 4096), EFBIG);
	int pfd[2], dir = (int)need(open(".", O_RDONLY));
	need(pipe(pfd));
	fails(fallocate(pfd[1], 0, 0, 10), ESPIPE);
	fails(fallocate(dir, 0, 0, 10), EBADF);
	gives(posix_fallocate(fd, 0, 50000), 0);
	is(size_of("f"), 50000);
}
