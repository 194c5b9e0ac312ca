#include "test.h"
#include <setjmp.h>

static sigjmp_buf back;
static volatile int signo, code;
static void *volatile addr;

static void handler(int sig, siginfo_t *info, void *context)
{
	signo = info->si_signo;
	code = info->si_code;
	addr = info->si_addr;
	siglongjmp(back, 1);
}

#define TRY(what, ...)                                                          \
	do {                                                                    \
		signo = code = 0;                                               \
		if (sigsetjmp(back, 1) == 0) {                                  \
			__VA_ARGS__;                                            \
		}                                                               \
		printf("%s: %s, si_code %d\n", what, signal_name(signo), code); \
	} while (0)

TEST("faults: signal, si_code and si_addr of every kind")
{
	int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		need(sigaction(signals[i], &sa, NULL));
	volatile int zero = 0;
	TRY("read of nothing", (void)*(volatile char *)0x123456);
	holds(signo == SIGSEGV && code == SEGV_MAPERR && addr == (void *)0x123456);
	TRY("read of address 0", (void)*(volatile char *)(uintptr_t)zero);
	holds(signo == SIGSEGV && code == SEGV_MAPERR && addr == NULL);
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TRY("write to a read-only page", *(volatile char *)(page + 77) = 1);
	holds(signo == SIGSEGV && code == SEGV_ACCERR && addr == page + 77);
	TRY("read of a kernel address", (void)*(volatile char *)0xffff800000000000);
	holds(signo == SIGSEGV);
	TRY("read of a non-canonical address", (void)*(volatile char *)0x1234567812345678);
	holds(signo == SIGSEGV && code == SI_KERNEL && addr == NULL);
	TRY("division by zero", __asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; idivl %0" : : "m"(zero) : "eax", "edx"));
	holds(signo == SIGFPE && code == FPE_INTDIV);
	TRY("division overflow", __asm__ volatile("mov $-1, %%ecx; mov $0x80000000, %%eax; cltd; idivl %%ecx" : : : "eax", "ecx", "edx"));
	holds(signo == SIGFPE && code == FPE_INTDIV);
	TRY("ud2", __asm__ volatile("ud2"));
	holds(signo == SIGILL && code == ILL_ILLOPN);
	TRY("hlt", __asm__ volatile("hlt"));
	holds(signo == SIGSEGV && code == SI_KERNEL);
	TRY("int3", __asm__ volatile("int3"));
	holds(signo == SIGTRAP && code == SI_KERNEL);
	TRY("int $0x42", __asm__ volatile("int $0x42"));
	holds(signo == SIGSEGV);
	TRY("call of address 16", ((void (*)(void))16)());
	holds(signo == SIGSEGV && code == SEGV_MAPERR && addr == (void *)16);
	TRY("call of a kernel address", ((void (*)(void))0xffffffff81000000)());
	holds(signo == SIGSEGV);
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	char *file = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	TRY("behind the end of a file", (void)*(volatile char *)(file + 5));
	holds(signo == SIGBUS && code == BUS_ADRERR && addr == file + 5);
}
