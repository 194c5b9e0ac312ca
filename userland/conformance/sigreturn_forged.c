#include "test.h"
TEST("rt_sigreturn with a forged frame never gives more than a signal")
{
	pid_t pid;
	/* No frame at all. */
	SPAWN(pid, syscall(SYS_rt_sigreturn));
	int status;
	holds(waitpid(pid, &status, 0) == pid);
	holds(WIFSIGNALED(status) || WIFEXITED(status));
	SPAWN(pid, {
		__asm__ volatile("mov $8, %%rsp; mov %0, %%eax; syscall" : : "i"(SYS_rt_sigreturn) : "eax", "memory");
	});
	ends(pid, "signal SIGSEGV");
	SPAWN(pid, {
		/* A frame that asks for a kernel instruction pointer and kernel segments. */
		static unsigned long frame[128] __attribute__((aligned(64)));
		frame[21] = 0xffffffff81000000; /* rip */
		frame[22] = 0x3ffff;		 /* flags: everything */
		frame[23] = 0x0010;		 /* cs */
		frame[20] = 0xffff888000000000; /* rsp */
		__asm__ volatile("mov %0, %%rsp; mov %1, %%eax; syscall" : : "r"(frame), "i"(SYS_rt_sigreturn) : "eax", "memory");
	});
	ends(pid, "signal SIGSEGV");
	SPAWN(pid, {
		/* Non-canonical. */
		static unsigned long frame[128] __attribute__((aligned(64)));
		frame[21] = 0x8000000000000000;
		frame[23] = 0x002b0000000033;
		__asm__ volatile("mov %0, %%rsp; mov %1, %%eax; syscall" : : "r"(frame), "i"(SYS_rt_sigreturn) : "eax", "memory");
	});
	ends(pid, "signal SIGSEGV");
}
