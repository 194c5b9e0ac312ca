#include "test.h"
static volatile int calls;
static void again(int sig)
{
	calls++;
	*(volatile char *)8 = 1;
}
static void resume(int sig, siginfo_t *info, void *context)
{
	calls++;
	mprotect((void *)((uintptr_t)info->si_addr & ~4095UL), 4096, PROT_READ | PROT_WRITE);
}

TEST("faults in handlers, and handlers that mend the fault and go on")
{
	pid_t pid;
	SPAWN(pid, {
		signal(SIGSEGV, again);
		*(volatile char *)8 = 1;
	});
	ends(pid, "signal SIGSEGV");
	struct sigaction sa = {.sa_sigaction = resume, .sa_flags = SA_SIGINFO};
	need(sigaction(SIGSEGV, &sa, NULL));
	volatile char *p = mmap(NULL, 4 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 4; i++)
		p[i * 4096 + 5] = (char)i;
	is(calls, 4);
	is(p[3 * 4096 + 5], 3);
	/* A handler at a bad address, a broken stack pointer. */
	SPAWN(pid, {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGUSR1, (void (*)(int))0x10);
		raise(SIGUSR1);
	});
	ends(pid, "signal SIGSEGV");
	SPAWN(pid, {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGUSR1, again);
		__asm__ volatile("mov %0, %%eax; mov %1, %%edi; mov %2, %%esi; xor %%esp, %%esp; syscall"
				 : : "i"(SYS_kill), "r"(getpid()), "i"(SIGUSR1) : "eax", "edi", "esi", "memory");
	});
	ends(pid, "signal SIGSEGV");
}
