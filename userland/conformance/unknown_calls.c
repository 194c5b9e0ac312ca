#include "test.h"
TEST("system call numbers that do not exist answer ENOSYS")
{
	fails(syscall(500), ENOSYS);
	fails(syscall(511), ENOSYS);
	fails(syscall(548), ENOSYS);
	fails(syscall(1000), ENOSYS);
	fails(syscall(100000), ENOSYS);
	fails(syscall(-2), ENOSYS);
	fails(syscall(-1), ENOSYS);
	fails(syscall(0x7fffffff), ENOSYS);
	/* Long gone, and never built for this machine. */
	fails(syscall(SYS_uselib, "x"), ENOSYS);
	fails(syscall(SYS_create_module, "x", 0), ENOSYS);
	fails(syscall(SYS_tuxcall, 1, 2, 3), ENOSYS);
	fails(syscall(SYS_vserver, 1), ENOSYS);
	/* The machine is still here, and registers are what they were. */
	unsigned long rbx = 1, r12 = 2;
	__asm__ volatile("mov $0x1234567, %%rbx\n mov $0x7654321, %%r12\n mov $600, %%eax\n syscall\n mov %%rbx, %0\n mov %%r12, %1"
			 : "=r"(rbx), "=r"(r12)
			 :
			 : "rax", "rbx", "rcx", "r11", "r12", "memory");
	is(rbx, 0x1234567);
	is(r12, 0x7654321);
}
