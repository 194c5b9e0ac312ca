#include "hostile.h"

static const unsigned long places[] = {
	0xffffffff80000000, 0xffffffff81000000, 0xffffffffffffffff, 0xfffffffffffff000, 0xffff800000000000,
	0xffff880000000000, 0xffff888000000000, 0xffffc90000000000, 0xffffea0000000000, 0xfffffe0000000000,
	0x0000800000000000, 0x00007fffffffffff, 0x00007ffffffff000, 0x8000000000000000, 0x1234567812345678,
};
static void jump(void *at) { ((void (*)(void))at)(); }
static void load(void *at) { (void)*(volatile long *)at; }
static void store(void *at) { *(volatile long *)at = 1; }
static void fetch_by_call(void *at)
{
	__asm__ volatile("mov %0, %%rsp\n ret" : : "r"(at) : "memory");
}
static void prefetch(void *at)
{
	__asm__ volatile("prefetcht0 (%0)\n clflush (%1)" : : "r"(at), "r"(&places[0]));
	_exit(3);
}
static void return_by_iret(void *at)
{
	__asm__ volatile("mov %%rsp, %%rax\n pushq $0x2b\n push %%rax\n pushq $0x202\n pushq $0x33\n push %0\n iretq"
			 : : "r"(at) : "rax", "memory");
}
static int killed(void (*how)(void *), unsigned long at)
{
	int status = run_guarded(how, (void *)at, 5000);
	/* Which signal an iret to such a place gives depends on the machine. */
	return status != -1 && WIFSIGNALED(status);
}

TEST("jumps to, reads of and writes to kernel and non-canonical addresses")
{
	int bad = 0;
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		bad += !killed(jump, places[i]);
		bad += !killed(load, places[i]);
		bad += !killed(store, places[i]);
		bad += !killed(fetch_by_call, places[i]);
		bad += !killed(return_by_iret, places[i]);
		int status = run_guarded(prefetch, (void *)places[i], 5000);
		bad += !(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	}
	is(bad, 0);
	/* The same places as arguments of calls are EFAULT. */
	int zero = (int)need(open("/dev/zero", O_RDONLY));
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		long r = syscall(SYS_read, zero, places[i], 64);
		bad += !(r == -1 && errno == EFAULT);
		r = syscall(SYS_pipe, places[i]);
		bad += !(r == -1 && errno == EFAULT);
		r = syscall(SYS_stat, places[i], places[i]);
		bad += !(r == -1 && errno == EFAULT);
	}
	is(bad, 0);
	still_alive();
}
