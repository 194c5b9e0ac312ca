#include "test.h"
TEST("mmap: a shared mapping, read, write and another mapping see one file")
{
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	ok(ftruncate(fd, 3 * 4096));
	char *a = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *b = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
	strcpy(a + 4096, "second page");
	text_is(b, "second page");
	char buffer[32] = "";
	is(pread(fd, buffer, 12, 4096), 12);
	text_is(buffer, "second page");
	is(pwrite(fd, "SECOND", 6, 4096), 6);
	text_is(b, "SECOND page");
	text_is(a + 4096, "SECOND page");
	ok(munmap(a, 3 * 4096));
	text_is(b, "SECOND page");
	ok(close(fd));
	text_is(b, "SECOND page");
	is(size_of("f"), 3 * 4096);
	/* A mapping holds no lock on the name. */
	ok(rename("f", "g"));
	text_is(b, "SECOND page");
}
