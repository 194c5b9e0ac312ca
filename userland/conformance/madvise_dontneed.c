#include "test.h"
TEST("madvise: MADV_DONTNEED drops private pages, and the other advices")
{
	char *p = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 'x', 4 * 4096);
	ok(madvise(p + 4096, 4096, MADV_DONTNEED));
	is(p[0], 'x');
	is(p[4096], 0);
	is(p[2 * 4096], 'x');
	put_file("f", "file text");
	int fd = (int)need(open("f", O_RDWR));
	char *f = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	memcpy(f, "COPY", 4);
	text_is(f, "COPY text");
	ok(madvise(f, 4096, MADV_DONTNEED));
	text_is(f, "file text");
	char *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memcpy(s, "DATA", 4);
	ok(madvise(s, 4096, MADV_DONTNEED));
	text_is(s, "DATA text");
	ok(madvise(p, 4096, MADV_NORMAL));
	ok(madvise(p, 4096, MADV_RANDOM));
	ok(madvise(p, 4096, MADV_SEQUENTIAL));
	ok(madvise(s, 4096, MADV_WILLNEED));
	ok(madvise(p, 0, MADV_DONTNEED));
	fails(madvise(p + 1, 4096, MADV_NORMAL), EINVAL);
	fails(madvise(p, 4096, 9999), EINVAL);
	need(munmap(p + 4096, 4096));
	fails(madvise(p, 3 * 4096, MADV_DONTNEED), ENOMEM);
	is(p[2 * 4096], 0);
	fails(madvise(p + 4096, 4096, MADV_NORMAL), ENOMEM);
	/* Memory that fork is told not to give, and memory it is told to wipe. */
	memset(p, 'k', 4096);
	ok(madvise(p, 4096, MADV_WIPEONFORK));
	CHILD(is(p[0], 0));
	is(p[0], 'k');
	ok(madvise(p, 4096, MADV_KEEPONFORK));
	CHILD(is(p[0], 'k'));
	ok(madvise(p, 4096, MADV_DONTFORK));
	CHILD(fails(msync(p, 4096, MS_ASYNC), ENOMEM));
	ok(madvise(p, 4096, MADV_DOFORK));
}
