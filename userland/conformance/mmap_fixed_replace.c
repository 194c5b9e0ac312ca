#include "test.h"
TEST("mmap: MAP_FIXED replaces exactly what it covers")
{
	char *a = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 5; i++)
		a[i * 4096] = (char)('a' + i);
	put_file("f", "from the file");
	int fd = (int)need(open("f", O_RDONLY));
	holds(mmap(a + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == a + 4096);
	text_is(a + 4096, "from the file");
	is(a[0], 'a');
	is(a[2 * 4096], 'c');
	holds(mmap(a + 2 * 4096, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == a + 2 * 4096);
	is(a[2 * 4096], 0);
	is(a[3 * 4096], 0);
	is(a[4 * 4096], 'e');
	fails(mmap(a + 1, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
	/* A failing MAP_FIXED with a bad descriptor leaves the old mapping alone. */
	fails(mmap(a, 4096, PROT_READ, MAP_PRIVATE | MAP_FIXED, 999, 0), EBADF);
	is(a[0], 'a');
}
