#include "test.h"
TEST("mmap: code written to memory runs once it may")
{
	/* mov eax, imm32; ret */
	unsigned char code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3};
	unsigned char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(p, code, sizeof code);
	ok(mprotect(p, 4096, PROT_READ | PROT_EXEC));
	is(((int (*)(void))(uintptr_t)p)(), 42);
	ok(mprotect(p, 4096, PROT_READ | PROT_WRITE));
	p[1] = 43;
	ok(mprotect(p, 4096, PROT_READ | PROT_EXEC));
	is(((int (*)(void))(uintptr_t)p)(), 43);
	int fd = (int)need(open("code", O_RDWR | O_CREAT, 0755));
	code[1] = 44;
	need(write(fd, code, sizeof code));
	unsigned char *q = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	is(((int (*)(void))(uintptr_t)q)(), 44);
	CHILD(is(((int (*)(void))(uintptr_t)p)(), 43));
}
