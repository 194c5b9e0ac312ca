#include "test.h"
#include <asm/prctl.h>

static unsigned long base, area[4];

TEST("arch_prctl: FS and GS base, and what is refused")
{
	ok(syscall(SYS_arch_prctl, ARCH_GET_FS, &base));
	unsigned long self;
	__asm__("mov %%fs:0, %0" : "=r"(self));
	holds(base == self);
	ok(syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
	is(base, 0);
	area[1] = 0x1234;
	ok(syscall(SYS_arch_prctl, ARCH_SET_GS, area));
	unsigned long value;
	__asm__("mov %%gs:8, %0" : "=r"(value));
	is(value, 0x1234);
	ok(syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
	holds(base == (unsigned long)area);
	/* It belongs to the thread and survives switches. */
	sched_yield();
	sleep_ms(2);
	__asm__ volatile("mov %%gs:8, %0" : "=r"(value));
	is(value, 0x1234);
	CHILD({
		__asm__ volatile("mov %%gs:8, %0" : "=r"(value));
		is(value, 0x1234);
	});
	fails(syscall(SYS_arch_prctl, ARCH_SET_GS, 0xffff800000000000), EPERM);
	fails(syscall(SYS_arch_prctl, ARCH_SET_FS, 0x8000000000000000), EPERM);
	fails(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
	fails(syscall(SYS_arch_prctl, ARCH_GET_FS, (void *)8), EFAULT);
}
