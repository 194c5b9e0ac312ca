#include "test.h"
#include <elf.h>

TEST("execve: PT_INTERP that does not exist is ENOENT, one that is no program ELIBBAD")
{
	struct {
		Elf64_Ehdr eh;
		Elf64_Phdr ph[2];
		char interp[64];
	} image = {0};
	memcpy(image.eh.e_ident, "\177ELF\2\1\1", 7);
	image.eh.e_type = ET_EXEC;
	image.eh.e_machine = EM_X86_64;
	image.eh.e_version = 1;
	image.eh.e_entry = 0x400000;
	image.eh.e_phoff = sizeof image.eh;
	image.eh.e_ehsize = sizeof image.eh;
	image.eh.e_phentsize = sizeof image.ph[0];
	image.eh.e_phnum = 2;
	strcpy(image.interp, "/no/such/interpreter");
	image.ph[0] = (Elf64_Phdr){.p_type = PT_INTERP, .p_flags = PF_R, .p_offset = offsetof(__typeof__(image), interp),
				   .p_filesz = strlen(image.interp) + 1, .p_memsz = strlen(image.interp) + 1, .p_align = 1};
	image.ph[1] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000,
				   .p_filesz = sizeof image, .p_memsz = sizeof image, .p_align = 4096};
	char *argv[] = {"x", NULL};
	int fd = (int)need(open("prog", O_RDWR | O_CREAT | O_CLOEXEC, 0755));
	need(write(fd, &image, sizeof image));
	close(fd);
	fails(execv("./prog", argv), ENOENT);
	put_file("bad", "this is long enough to be read as a header, but it is none, for it is plain text only");
	need(chmod("bad", 0755));
	strcpy(image.interp, "./bad");
	image.ph[0].p_filesz = image.ph[0].p_memsz = 6;
	fd = (int)need(open("prog", O_RDWR | O_CLOEXEC));
	need(write(fd, &image, sizeof image));
	close(fd);
	fails(execv("./prog", argv), ELIBBAD);
	/* An interpreter path that is not ended by a NUL. */
	image.ph[0].p_filesz = image.ph[0].p_memsz = 5;
	fd = (int)need(open("prog", O_RDWR | O_CLOEXEC));
	need(write(fd, &image, sizeof image));
	close(fd);
	fails(execv("./prog", argv), ENOEXEC);
}
