#include "hostile.h"

#define INSTRUCTION(name, ...) \
	static void name(void *arg) { __asm__ volatile(__VA_ARGS__ : : : "rax", "rbx", "rcx", "rdx", "memory"); _exit(0); }

/* Only the assembly names it. */
static char memory[64] __attribute__((used));
INSTRUCTION(do_hlt, "hlt")
INSTRUCTION(do_cli, "cli")
INSTRUCTION(do_sti, "sti")
INSTRUCTION(do_in, "in $0x60, %%al")
INSTRUCTION(do_out, "out %%al, $0x80")
INSTRUCTION(do_in_dx, "mov $0x3f8, %%edx\n in %%dx, %%al")
INSTRUCTION(do_insb, "mov $0x60, %%edx\n lea memory(%%rip), %%rdi\n insb")
INSTRUCTION(do_rdmsr, "mov $0xc0000080, %%ecx\n rdmsr")
INSTRUCTION(do_wrmsr, "mov $0xc0000082, %%ecx\n xor %%eax, %%eax\n xor %%edx, %%edx\n wrmsr")
INSTRUCTION(do_lgdt, "lgdt memory(%%rip)")
INSTRUCTION(do_lidt, "lidt memory(%%rip)")
INSTRUCTION(do_lldt, "xor %%eax, %%eax\n lldt %%ax")
INSTRUCTION(do_ltr, "xor %%eax, %%eax\n ltr %%ax")
INSTRUCTION(do_read_cr0, "mov %%cr0, %%rax")
INSTRUCTION(do_write_cr0, "xor %%eax, %%eax\n mov %%rax, %%cr0")
INSTRUCTION(do_read_cr3, "mov %%cr3, %%rax")
INSTRUCTION(do_write_cr3, "xor %%eax, %%eax\n mov %%rax, %%cr3")
INSTRUCTION(do_write_cr4, "xor %%eax, %%eax\n mov %%rax, %%cr4")
INSTRUCTION(do_write_dr7, "xor %%eax, %%eax\n mov %%rax, %%dr7")
INSTRUCTION(do_read_dr0, "mov %%dr0, %%rax")
INSTRUCTION(do_invlpg, "invlpg memory(%%rip)")
INSTRUCTION(do_invd, "invd")
INSTRUCTION(do_wbinvd, "wbinvd")
INSTRUCTION(do_clts, "clts")
INSTRUCTION(do_lmsw, "xor %%eax, %%eax\n lmsw %%ax")
INSTRUCTION(do_swapgs, "swapgs")
INSTRUCTION(do_sysretq, "sysretq")
INSTRUCTION(do_int_8, "int $8")
INSTRUCTION(do_int_14, "int $14")
INSTRUCTION(do_int_32, "int $32")
INSTRUCTION(do_int_255, "int $255")
INSTRUCTION(do_int_2, "int $2")
INSTRUCTION(do_load_kernel_ds, "mov $0x10, %%eax\n mov %%eax, %%ss")
INSTRUCTION(do_far_return, "pushq $0x10\n pushq $0\n lretq")
INSTRUCTION(do_load_bad_gs, "mov $0xfff8, %%eax\n mov %%eax, %%gs")
INSTRUCTION(do_iret_kernel, "pushq $0x18\n pushq $0\n pushq $0x2\n pushq $0x10\n pushq $0\n iretq")

TEST("every privileged instruction is SIGSEGV in user mode, and changes nothing")
{
#define CASE(name) {#name, name}
	static const struct {
		const char *name;
		void (*run)(void *);
	} cases[] = {
		CASE(do_hlt), CASE(do_cli), CASE(do_sti), CASE(do_in), CASE(do_out), CASE(do_in_dx), CASE(do_insb),
		CASE(do_rdmsr), CASE(do_wrmsr), CASE(do_lgdt), CASE(do_lidt), CASE(do_lldt), CASE(do_ltr),
		CASE(do_read_cr0), CASE(do_write_cr0), CASE(do_read_cr3), CASE(do_write_cr3), CASE(do_write_cr4),
		CASE(do_write_dr7), CASE(do_read_dr0), CASE(do_invlpg), CASE(do_invd), CASE(do_wbinvd), CASE(do_clts),
		CASE(do_lmsw), CASE(do_swapgs), CASE(do_sysretq), CASE(do_int_8), CASE(do_int_14), CASE(do_int_32),
		CASE(do_int_255), CASE(do_int_2), CASE(do_load_kernel_ds), CASE(do_far_return), CASE(do_load_bad_gs),
		CASE(do_iret_kernel),
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int status = run_guarded(cases[i].run, NULL, 5000);
		/* Emulators differ in how a return to kernel segments fails, so that is only "killed". */
		int returns = cases[i].run == do_far_return || cases[i].run == do_iret_kernel;
		int killed = status != -1 && WIFSIGNALED(status);
		/* QEMU has no caches to empty, and its newer versions let anyone do nothing. */
		int caches = cases[i].run == do_invd || cases[i].run == do_wbinvd;
		int harmless = caches && status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
		printf("%s: %s\n", cases[i].name, returns && killed ? "killed" : status_name(status));
		test_failures += returns ? !killed : status != SIGSEGV && !harmless;
	}
	still_alive();
}
