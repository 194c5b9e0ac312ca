#include "test.h"
#include <elf.h>
#include <sys/auxv.h>

extern char **environ;

TEST("execve: the auxiliary vector")
{
	if (test_argc == 1) {
		pid_t pid;
		char *argv[] = {"first", "second", NULL};
		SPAWN(pid, execv("/proc/self/exe", argv));
		ends(pid, "exit 0");
		return;
	}
	is(getauxval(AT_PAGESZ), 4096);
	is(getauxval(AT_CLKTCK), 100);
	is(getauxval(AT_UID) + getauxval(AT_EUID) + getauxval(AT_GID) + getauxval(AT_EGID), 0);
	is(getauxval(AT_SECURE), 0);
	is(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	holds(getauxval(AT_PHNUM) > 0);
	holds(getauxval(AT_ENTRY) != 0);
	is(getauxval(AT_BASE), 0);
	const unsigned char *random = (void *)getauxval(AT_RANDOM);
	int nonzero = 0;
	for (int i = 0; random && i < 16; i++)
		nonzero += random[i] != 0;
	holds(nonzero > 8);
	text_is((char *)getauxval(AT_PLATFORM), "x86_64");
	text_is((char *)getauxval(AT_EXECFN), "/proc/self/exe");
	holds(getauxval(AT_SYSINFO_EHDR) != 0);
	is(memcmp((void *)getauxval(AT_SYSINFO_EHDR), "\177ELF", 4), 0);
	const Elf64_Phdr *ph = (void *)getauxval(AT_PHDR);
	int loads = 0;
	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
		loads += ph[i].p_type == PT_LOAD;
	holds(loads > 0);
	/* argv, the environment and the vector lie behind each other, 16-byte aligned at the start. */
	holds(((uintptr_t)(test_argv - 1) & 15) == 0);
	holds((char **)environ == test_argv + test_argc + 1);
	is(getauxval(12345), 0);
}
