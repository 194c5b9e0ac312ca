#include "test.h"
#include <elf.h>

struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	unsigned char code[64];
};

static void build(struct image *i, int type, unsigned long base, const void *code, size_t n)
{
	memset(i, 0, sizeof *i);
	memcpy(i->eh.e_ident, "\177ELF\2\1\1", 7);
	i->eh.e_type = (Elf64_Half)type;
	i->eh.e_machine = EM_X86_64;
	i->eh.e_version = 1;
	i->eh.e_entry = base + offsetof(struct image, code);
	i->eh.e_phoff = sizeof i->eh;
	i->eh.e_ehsize = sizeof i->eh;
	i->eh.e_phentsize = sizeof i->ph[0];
	i->eh.e_phnum = 2;
	i->ph[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = base,
				.p_filesz = sizeof *i, .p_memsz = sizeof *i, .p_align = 4096};
	i->ph[1] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
	memcpy(i->code, code, n);
}

static pid_t run(const struct image *i)
{
	pid_t pid;
	int fd = (int)need(open("prog", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0755));
	need(write(fd, i, sizeof *i));
	close(fd);
	SPAWN(pid, {
		char *argv[] = {"x", NULL};
		execv("./prog", argv);
		printf("%s\n", errno_name(errno));
		fflush(stdout);
		_exit(99);
	});
	return pid;
}

/* Whether it is noticed before or after the old image is gone is the kernel's own affair. */
static int refused(pid_t pid)
{
	int status = 0;
	waitpid(pid, &status, 0);
	test_forget_output(pid);
	return status == SIGSEGV || status == SIGKILL || (WIFEXITED(status) && WEXITSTATUS(status) == 99);
}

TEST("execve: hand-made images: fixed, position independent, with a bss, crashing")
{
	/* mov edi, 42; mov eax, 60; syscall */
	const unsigned char leave[] = {0xbf, 42, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05};
	/* mov edi, [rsp]; the same */
	const unsigned char count[] = {0x8b, 0x3c, 0x24, 0xb8, 60, 0, 0, 0, 0x0f, 0x05};
	const unsigned char crash[] = {0xf4};
	struct image image;
	build(&image, ET_EXEC, 0x10000000, leave, sizeof leave);
	pid_t pid = run(&image);
	ends(pid, "exit 42");
	build(&image, ET_DYN, 0, leave, sizeof leave);
	pid = run(&image);
	ends(pid, "exit 42");
	build(&image, ET_EXEC, 0x10000000, count, sizeof count);
	pid = run(&image);
	ends(pid, "exit 1");
	build(&image, ET_EXEC, 0x10000000, crash, sizeof crash);
	pid = run(&image);
	ends(pid, "signal SIGSEGV");
	/* The second page of a segment is zero: movzx edi, byte [0x10001800]; exit */
	const unsigned char bss[] = {0x0f, 0xb6, 0x3c, 0x25, 0x00, 0x18, 0x00, 0x10, 0xb8, 60, 0, 0, 0, 0x0f, 0x05};
	build(&image, ET_EXEC, 0x10000000, bss, sizeof bss);
	image.ph[0].p_memsz = 0x2000;
	image.ph[0].p_flags = PF_R | PF_W | PF_X;
	pid = run(&image);
	ends(pid, "exit 0");
	/* No segment at the entry point. */
	build(&image, ET_EXEC, 0x10000000, leave, sizeof leave);
	image.eh.e_entry = 0x20000000;
	pid = run(&image);
	ends(pid, "signal SIGSEGV");
	/* The file holds more than the memory: refused. */
	build(&image, ET_EXEC, 0x10000000, leave, sizeof leave);
	image.ph[0].p_memsz = image.ph[0].p_filesz - 1;
	pid = run(&image);
	holds(refused(pid));
	/* In the kernel's half. */
	build(&image, ET_EXEC, 0xffffffff80000000, leave, sizeof leave);
	pid = run(&image);
	holds(refused(pid));
}
