#include "hostile.h"

static void trap_flag_over_syscall(void *arg)
{
	signal(SIGTRAP, SIG_IGN);
	__asm__ volatile("pushf\n orq $0x100, (%%rsp)\n popf\n mov $39, %%eax\n syscall\n nop"
			 : : : "rax", "rcx", "r11", "memory");
	_exit(4);
}
static void direction_flag_over_syscall(void *arg)
{
	char buffer[64];
	int fd = open("/dev/zero", O_RDONLY);
	long r;
	memset(buffer, 'x', sizeof buffer);
	__asm__ volatile("std\n xor %%eax, %%eax\n syscall\n cld"
			 : "=a"(r) : "D"(fd), "S"(buffer + 8), "d"(16) : "rcx", "r11", "memory");
	_exit(r == 16 && buffer[7] == 'x' && buffer[8] == 0 && buffer[23] == 0 && buffer[24] == 'x' ? 5 : 6);
}
static void iopl_and_nested_task(void *arg)
{
	__asm__ volatile("pushf\n orq $0x7000, (%%rsp)\n popf\n mov $39, %%eax\n syscall" : : : "rax", "rcx", "r11", "memory");
	unsigned long flags;
	__asm__ volatile("pushf\n pop %0" : "=r"(flags));
	_exit(flags & 0x3000 ? 8 : 7);
}
static void alignment_check(void *arg)
{
	static long words[4];
	volatile long *p = (long *)((char *)words + 1);
	__asm__ volatile("pushf\n orq $0x40000, (%%rsp)\n popf\n mov $39, %%eax\n syscall" : : : "rax", "rcx", "r11", "memory");
	/* Whether it traps depends on the machine (emulators do not); the kernel must not mind. */
	(void)p;
	__asm__ volatile("pushf\n andq $~0x40000, (%%rsp)\n popf" : : : "memory");
	_exit(9);
}
static void fs_base_gone(void *arg)
{
	__asm__ volatile("mov $158, %%eax\n mov $0x1002, %%edi\n xor %%esi, %%esi\n syscall\n"
			 "mov %%fs:0, %%rax" : : : "rax", "rdi", "rsi", "rcx", "r11", "memory");
}
static void null_selectors(void *arg)
{
	__asm__ volatile("xor %%eax, %%eax\n mov %%eax, %%ds\n mov %%eax, %%es\n mov $39, %%eax\n syscall"
			 : : : "rax", "rcx", "r11", "memory");
	sleep_ms(2);
	_exit(10);
}

TEST("odd flags and segments do not confuse system calls")
{
	int status = run_guarded(trap_flag_over_syscall, NULL, 5000);
	holds(status == SIGTRAP || (WIFEXITED(status) && WEXITSTATUS(status) == 4));
	text_is(status_name(run_guarded(direction_flag_over_syscall, NULL, 5000)), "exit 5");
	text_is(status_name(run_guarded(iopl_and_nested_task, NULL, 5000)), "exit 7");
	text_is(status_name(run_guarded(alignment_check, NULL, 5000)), "exit 9");
	text_is(status_name(run_guarded(fs_base_gone, NULL, 5000)), "signal SIGSEGV");
	text_is(status_name(run_guarded(null_selectors, NULL, 5000)), "exit 10");
	still_alive();
}
