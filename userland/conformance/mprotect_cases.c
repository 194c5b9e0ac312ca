#include "test.h"
TEST("mprotect: errors, splits, partial ranges")
{
	char *p = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 'x', 4 * 4096);
	fails(syscall(SYS_mprotect, p + 1, 4096, PROT_READ), EINVAL);
	fails(mprotect(p, 4096, 0x1000), EINVAL);
	fails(mprotect(p, 4096, PROT_GROWSDOWN | PROT_GROWSUP | PROT_READ), EINVAL);
	ok(mprotect(p, 0, PROT_READ));
	fails(syscall(SYS_mprotect, p, ~0UL, PROT_READ), ENOMEM);
	ok(mprotect(p + 4096, 4096, PROT_READ));
	int zero = (int)need(open("/dev/zero", O_RDONLY));
	is(read(zero, p, 4), 4);
	fails(read(zero, p + 4096, 4), EFAULT);
	is(read(zero, p + 8192, 4), 4);
	/*
	 * A read that runs into the protected page stops in front of it. From a file: how far Linux gets with zeros depends
	 * on the instructions that the CPU has for them.
	 */
	char bytes[100] = "something";
	int file = (int)need(open("f", O_RDWR | O_CREAT, 0600));
	is(write(file, bytes, sizeof bytes), 100);
	is(pread(file, p + 4090, 100, 0), 6);
	is(memcmp(p + 4090, "someth", 6), 0);
	ok(munmap(p + 3 * 4096, 4096));
	/* The part before a hole is changed although the call fails. */
	fails(mprotect(p + 2 * 4096, 2 * 4096, PROT_READ), ENOMEM);
	fails(read(zero, p + 8192, 4), EFAULT);
	/* A shared mapping of a read-only descriptor can't become writable. */
	put_file("f", "text");
	int ro = (int)need(open("f", O_RDONLY));
	char *s = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 0);
	fails(mprotect(s, 4096, PROT_READ | PROT_WRITE), EACCES);
	char *c = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, ro, 0);
	ok(mprotect(c, 4096, PROT_READ | PROT_WRITE));
	c[0] = 'T';
	text_is(c, "Text");
	text_is(get_file("f"), "text");
}
