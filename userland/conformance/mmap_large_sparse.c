#include "test.h"
TEST("mmap: a gigabyte costs nothing until it is touched")
{
	size_t len = 1UL << 30;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	holds(p != MAP_FAILED);
	long sum = 0;
	for (size_t at = 0; at < len; at += len / 16) {
		sum += p[at];
		p[at] = 1;
	}
	is(sum, 0);
	for (size_t at = 0; at < len; at += len / 16)
		sum += p[at];
	is(sum, 16);
	is(p[len / 32], 0);
	ok(munmap(p, len));
	/* A sparse file as well: the hole reads as zero through a mapping. */
	int fd = (int)need(open("sparse", O_RDWR | O_CREAT, 0644));
	ok(ftruncate(fd, (off_t)len));
	char *q = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q[len / 2] = 'x';
	is(q[0], 0);
	is(q[len - 1], 0);
	char c = 0;
	is(pread(fd, &c, 1, (off_t)(len / 2)), 1);
	is(c, 'x');
	struct stat st;
	need(fstat(fd, &st));
	is(st.st_size, len);
	holds(st.st_blocks > 0 && st.st_blocks < 1000);
}
