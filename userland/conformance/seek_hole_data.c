#include "test.h"
TEST("SEEK_HOLE and SEEK_DATA on a sparse file")
{
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	need(ftruncate(fd, 64 * 4096));
	need(pwrite(fd, "a", 1, 8 * 4096));
	need(pwrite(fd, "b", 1, 9 * 4096));
	need(pwrite(fd, "c", 1, 32 * 4096 + 100));
	is(lseek(fd, 0, SEEK_DATA), 8 * 4096);
	is(lseek(fd, 0, SEEK_HOLE), 0);
	is(lseek(fd, 8 * 4096, SEEK_HOLE), 10 * 4096);
	is(lseek(fd, 8 * 4096 + 17, SEEK_DATA), 8 * 4096 + 17);
	is(lseek(fd, 10 * 4096, SEEK_DATA), 32 * 4096);
	is(lseek(fd, 32 * 4096 + 50, SEEK_HOLE), 33 * 4096);
	is(lseek(fd, 40 * 4096, SEEK_HOLE), 40 * 4096);
	fails(lseek(fd, 33 * 4096, SEEK_DATA), ENXIO);
	fails(lseek(fd, 64 * 4096, SEEK_DATA), ENXIO);
	fails(lseek(fd, 64 * 4096, SEEK_HOLE), ENXIO);
	fails(lseek(fd, -1, SEEK_DATA), ENXIO);
	fails(lseek(fd, -1, SEEK_HOLE), ENXIO);
	/* A full file has a hole at its end. */
	put_file("full", "text");
	int full = (int)need(open("full", O_RDONLY));
	is(lseek(full, 0, SEEK_HOLE), 4);
	is(lseek(full, 2, SEEK_DATA), 2);
	struct stat st;
	need(fstat(fd, &st));
	is(st.st_blocks, 3 * 8);
}
