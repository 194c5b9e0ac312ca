#include "test.h"
TEST("msync: flags and ranges")
{
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	need(ftruncate(fd, 3 * 4096));
	char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	strcpy(p, "synced");
	ok(msync(p, 3 * 4096, MS_SYNC));
	ok(msync(p, 3 * 4096, MS_ASYNC));
	ok(msync(p, 3 * 4096, MS_SYNC | MS_INVALIDATE));
	ok(msync(p, 0, MS_SYNC));
	ok(msync(p, 100, 0));
	fails(msync(p, 4096, MS_SYNC | MS_ASYNC), EINVAL);
	fails(msync(p, 4096, 0x80), EINVAL);
	fails(msync(p + 1, 4096, MS_SYNC), EINVAL);
	need(munmap(p + 4096, 4096));
	fails(msync(p, 3 * 4096, MS_SYNC), ENOMEM);
	fails(msync(p + 4096, 4096, MS_SYNC), ENOMEM);
	text_is(get_file("f"), "synced");
	char *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(msync(a, 4096, MS_SYNC));
}
