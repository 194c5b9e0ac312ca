#include "test.h"
TEST("mmap: offsets, the zero-filled tail, writes behind the end of the file")
{
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	char page[4096];
	for (int i = 0; i < 3; i++) {
		memset(page, 'a' + i, sizeof page);
		need(write(fd, page, sizeof page));
	}
	need(write(fd, "tail", 4));
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 8192);
	is(p[0], 'c');
	is(p[4095], 'c');
	is(memcmp(p + 4096, "tail\0\0", 6), 0);
	/* What is written behind the end is not part of the file. */
	strcpy(p + 4096 + 4, "invisible");
	is(size_of("f"), 3 * 4096 + 4);
	char buffer[32] = "";
	is(pread(fd, buffer, sizeof buffer, 3 * 4096), 4);
	text_is(buffer, "tail");
	/* ftruncate up and down shows zeroes where the file was cut. */
	need(ftruncate(fd, 3 * 4096 + 2));
	need(ftruncate(fd, 4 * 4096));
	is(memcmp(p + 4096, "ta\0\0\0\0\0\0", 8), 0);
	is(p[4096 + 8], 0);
	fails(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096 + 1), EINVAL);
	/* A mapping wholly behind the end is allowed. */
	ok(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 1L << 30));
}
