#include "hostile.h"
#include <elf.h>

/*
 * Executables that are broken in every way: cut off, with each bit of their headers flipped, with segments, tables
 * and interpreters that cannot be. They are made here, from one that runs. What becomes of each is printed: that it
 * runs, the error of execve, or the signal that ends it where it is too late for an error.
 */

enum { PAGE = 4096, SIZE = 3 * PAGE, BASE = 0x400000, RAN = 42, COUNT = 3 };

/* The file: headers and code in the first page, data in the second, the interpreter's path in the third. */
struct file {
	Elf64_Ehdr header;
	Elf64_Phdr table[8];
	unsigned char code[PAGE - sizeof(Elf64_Ehdr) - 8 * sizeof(Elf64_Phdr)];
	unsigned char data[PAGE];
	char path[PAGE];
};
_Static_assert(sizeof(struct file) == SIZE, "three pages");
enum { TEXT, DATA, STACK };

static struct file good, bad;
static volatile int *error;

static void make_good(Elf64_Half type)
{
	/* exit_group(42) */
	static const unsigned char code[] = {0xbf, RAN, 0, 0, 0, 0xb8, 231, 0, 0, 0, 0x0f, 0x05};
	unsigned long base = type == ET_EXEC ? BASE : 0;
	memset(&good, 0, sizeof good);
	good.header = (Elf64_Ehdr){
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = type, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_entry = base + offsetof(struct file, code), .e_phoff = offsetof(struct file, table),
		.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = COUNT,
		.e_shentsize = sizeof(Elf64_Shdr),
	};
	good.table[TEXT] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, base, base, PAGE, PAGE, PAGE};
	good.table[DATA] = (Elf64_Phdr){
		PT_LOAD, PF_R | PF_W, PAGE, base + PAGE, base + PAGE, PAGE, 2 * PAGE, PAGE,
	};
	good.table[STACK] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16};
	memcpy(good.code, code, sizeof code);
	strcpy(good.path, "./interpreter");
}

static void write_file(const char *name, const void *bytes, size_t length)
{
	unlink(name);
	int fd = (int)need(open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755));
	need(write(fd, bytes, length));
	close(fd);
}

/* What becomes of an execution of the first bytes of the bad file. */
static const char *outcome(size_t length)
{
	static char *const words[] = {(char *)"bad", NULL};
	int status;
	write_file("bad", &bad, length);
	*error = 0;
	pid_t pid = (pid_t)need(fork());
	if (pid == 0) {
		/* Root may map the lowest pages. */
		become(12345);
		setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {2, 0}}, NULL);
		execv("./bad", words);
		*error = errno;
		_exit(1);
	}
	need(waitpid(pid, &status, 0));
	if (*error)
		return errno_name(*error);
	if (WIFSIGNALED(status))
		return signal_name(WTERMSIG(status));
	return WEXITSTATUS(status) == RAN ? "runs" : status_name(status);
}
static void show(const char *what)
{
	printf("%s: %s\n", what, outcome(SIZE));
	bad = good;
}

/* Flips each bit of `length` bytes; a line for each byte. */
static void flip(const char *what, void *at, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		const char *last = "";
		printf("%s[%zu]:", what, i);
		for (int bit = 0; bit < 8; bit++) {
			((unsigned char *)at)[i] ^= (unsigned char)(1 << bit);
			const char *now = outcome(SIZE);
			if (strcmp(now, last))
				printf(" %d %s", bit, now);
			last = now;
			bad = good;
		}
		putchar('\n');
	}
}
#define FLIP(field) flip(#field, &bad.field, sizeof bad.field)
static void flip_header(void)
{
	FLIP(header.e_ident), FLIP(header.e_type), FLIP(header.e_machine), FLIP(header.e_version), FLIP(header.e_entry);
	FLIP(header.e_phoff), FLIP(header.e_shoff), FLIP(header.e_flags), FLIP(header.e_ehsize), FLIP(header.e_phentsize);
	FLIP(header.e_phnum), FLIP(header.e_shentsize), FLIP(header.e_shnum), FLIP(header.e_shstrndx);
}
static void flip_table(void)
{
	for (int i = 0; i < COUNT; i++) {
		note("entry %d", i);
		FLIP(table[i].p_type), FLIP(table[i].p_flags);
		if (i == STACK)
			break;
		FLIP(table[i].p_offset), FLIP(table[i].p_vaddr), FLIP(table[i].p_filesz), FLIP(table[i].p_memsz);
		FLIP(table[i].p_align);
	}
}
#undef FLIP

static void cut(void)
{
	const char *last = "";
	for (size_t length = 0; length <= SIZE; length += length < offsetof(struct file, table[COUNT]) + 8 ? 1 : 128) {
		bad = good;
		const char *now = outcome(length);
		if (strcmp(now, last))
			note("cut off at %zu: %s", length, now);
		last = now;
	}
}

#define TRY(...) (bad = good, __VA_ARGS__, show(#__VA_ARGS__))
static void tables(void)
{
	TRY(bad.header.e_phnum = 0);
	TRY(bad.header.e_phnum = 1);
	TRY(bad.header.e_phnum = 73);
	TRY(bad.header.e_phnum = 74);
	TRY(bad.header.e_phnum = 0xffff);
	TRY(bad.header.e_phoff = 0);
	TRY(bad.header.e_phoff = 65);
	TRY(bad.header.e_phoff = SIZE - 56);
	TRY(bad.header.e_phoff = SIZE);
	TRY(bad.header.e_phoff = (Elf64_Off)-1);
	TRY(bad.header.e_phoff = (Elf64_Off)1 << 63);
	TRY(bad.header.e_phoff = ((Elf64_Off)1 << 63) - 1);
	TRY(bad.header.e_phentsize = 0);
	TRY(bad.header.e_phentsize = 32);
	TRY(bad.header.e_machine = EM_386);
	TRY(bad.header.e_machine = EM_AARCH64);
	TRY(bad.header.e_ident[EI_CLASS] = ELFCLASS32);
	TRY(bad.header.e_ident[EI_CLASS] = ELFCLASS32, bad.header.e_machine = EM_386);
	TRY(bad.header.e_ident[EI_DATA] = ELFDATA2MSB);
	TRY(bad.header.e_type = ET_CORE);
	TRY(bad.header.e_type = ET_REL);
	TRY(bad.header.e_entry = 0);
	TRY(bad.header.e_entry = 0x7fffffffe000);
	TRY(bad.header.e_entry = 0x7ffffffff000);
	TRY(bad.header.e_entry = 0xffffffff81000000);
	TRY(bad.header.e_entry = 0x800000000000);
}
static void segments(unsigned long base)
{
	TRY(bad.table[TEXT].p_type = PT_NULL);
	TRY(bad.table[DATA].p_type = PT_NULL);
	TRY(bad.table[TEXT].p_type = PT_NULL, bad.table[DATA].p_type = PT_NULL);
	TRY(bad.table[TEXT].p_flags = 0);
	TRY(bad.table[TEXT].p_flags = PF_X);
	TRY(bad.table[TEXT].p_flags = PF_R);
	TRY(bad.table[TEXT].p_flags = PF_R | PF_W | PF_X);
	TRY(bad.table[DATA].p_flags = PF_R | PF_W | PF_X);
	TRY(bad.table[DATA].p_flags = PF_R);
	TRY(bad.table[DATA].p_flags = 0);
	TRY(bad.table[STACK].p_flags = PF_R | PF_W | PF_X);
	TRY(bad.table[STACK].p_flags = 0);
	TRY(bad.table[DATA].p_vaddr = base);
	TRY(bad.table[DATA].p_vaddr = base + PAGE / 2);
	TRY(bad.table[DATA].p_vaddr = base, bad.table[DATA].p_filesz = bad.table[DATA].p_memsz = 0);
	TRY(bad.table[TEXT] = good.table[DATA], bad.table[DATA] = good.table[TEXT]);
	TRY(bad.table[DATA] = good.table[TEXT]);
	TRY(bad.table[TEXT].p_memsz = 0);
	TRY(bad.table[TEXT].p_filesz = 0);
	TRY(bad.table[TEXT].p_filesz = 0, bad.table[TEXT].p_memsz = 0);
	TRY(bad.table[DATA].p_filesz = 0, bad.table[DATA].p_memsz = 0);
	TRY(bad.table[DATA].p_filesz = 0);
	TRY(bad.table[DATA].p_filesz = 3 * PAGE);
	TRY(bad.table[DATA].p_filesz = bad.table[DATA].p_memsz = 100 * PAGE);
	TRY(bad.table[DATA].p_offset = 1);
	TRY(bad.table[DATA].p_offset = PAGE - 1);
	TRY(bad.table[DATA].p_offset = 100 * PAGE);
	TRY(bad.table[DATA].p_offset = -(Elf64_Off)PAGE);
	TRY(bad.table[DATA].p_vaddr += 1);
	TRY(bad.table[DATA].p_vaddr += 1, bad.table[DATA].p_offset += 1);
	TRY(bad.table[DATA].p_vaddr = -(Elf64_Addr)PAGE);
	TRY(bad.table[DATA].p_vaddr = 0x7ffffffff000);
	TRY(bad.table[DATA].p_vaddr = 0x7fffffffe000);
	TRY(bad.table[DATA].p_vaddr = 0xffff800000000000);
	TRY(bad.table[DATA].p_memsz = (Elf64_Xword)-1);
	TRY(bad.table[DATA].p_memsz = 0x7fffffffffff);
	TRY(bad.table[DATA].p_memsz = 0x7ffffffff000);
	TRY(bad.table[DATA].p_memsz = 0x700000000000);
	TRY(bad.table[DATA].p_memsz = (Elf64_Xword)1 << 40);
	TRY(bad.table[DATA].p_align = 0);
	TRY(bad.table[DATA].p_align = 3);
	TRY(bad.table[DATA].p_align = (Elf64_Xword)1 << 63);
	TRY(bad.table[TEXT].p_align = 0x200000);
	TRY(bad.table[TEXT].p_align = (Elf64_Xword)1 << 46);
	TRY(bad.table[STACK] = (Elf64_Phdr){.p_type = PT_TLS, .p_vaddr = -1, .p_memsz = -1, .p_filesz = -1, .p_align = 3});
	TRY(bad.table[STACK] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = -1, .p_filesz = -1});
	TRY(bad.table[STACK] = (Elf64_Phdr){.p_type = PT_DYNAMIC, .p_offset = -1, .p_filesz = -1});
	TRY(bad.table[STACK] = (Elf64_Phdr){.p_type = PT_PHDR, .p_offset = -1, .p_vaddr = -1});
	TRY(bad.table[STACK] = (Elf64_Phdr){.p_type = PT_GNU_PROPERTY, .p_offset = -1, .p_filesz = -1});
}
#undef TRY

static void interpreter(const char *what, Elf64_Off offset, Elf64_Xword length, const char *path)
{
	bad = good;
	bad.table[STACK] = (Elf64_Phdr){PT_INTERP, PF_R, offset, 0, 0, length, length, 1};
	memset(bad.path, 'x', sizeof bad.path);
	memcpy(bad.path, path, strlen(path) + 1);
	printf("interpreter, %s: %s\n", what, outcome(SIZE));
}
static void interpreters(void)
{
	enum { AT = 2 * PAGE };
	struct file other;
	make_good(ET_DYN);
	other = good;
	make_good(ET_EXEC);
	write_file("interpreter", &other, SIZE);
#define NAMED(what, name) interpreter(what, AT, sizeof name, name)
	NAMED("one that runs", "./interpreter");
	interpreter("no length", AT, 0, "./interpreter");
	interpreter("one byte", AT, 1, "./interpreter");
	interpreter("one byte, NUL", AT, 1, "");
	interpreter("two NULs", AT, 2, "");
	interpreter("not terminated", AT, 5, "./interpreter");
	interpreter("terminated early", AT, 100, "./interpreter");
	interpreter("a page, not terminated", AT, PAGE, "./interpreter");
	interpreter("more than a page", AT - 1, PAGE + 1, "./interpreter");
	interpreter("across the end", AT + 1, PAGE, "./interpreter");
	interpreter("behind the end", SIZE, 10, "./interpreter");
	interpreter("far behind the end", (Elf64_Off)1 << 62, 10, "./interpreter");
	interpreter("negative", -(Elf64_Off)PAGE, 10, "./interpreter");
	NAMED("missing", "./missing");
	NAMED("a directory", ".");
	NAMED("a device", "/dev/null");
	NAMED("itself", "./bad");
	NAMED("not below a file", "./interpreter/x");
	write_file("script", "#!/bin/sh\n", 10);
	NAMED("a script", "./script");
	write_file("empty", "", 0);
	NAMED("empty", "./empty");
	write_file("short", &other, 63);
	NAMED("cut off in its header", "./short");
	write_file("short", &other, 64 + 55);
	NAMED("cut off in its table", "./short");
	chmod("interpreter", 0644);
	NAMED("not executable", "./interpreter");
	other.header.e_machine = EM_386;
	write_file("short", &other, SIZE);
	NAMED("for another machine", "./short");
	other.header.e_machine = EM_X86_64;
	other.header.e_type = ET_CORE;
	write_file("short", &other, SIZE);
	NAMED("a core file", "./short");
	other.header.e_type = ET_DYN;
	other.header.e_phnum = 0;
	write_file("short", &other, SIZE);
	NAMED("without a table", "./short");
	other.header.e_phnum = COUNT;
	other.table[TEXT].p_type = other.table[DATA].p_type = PT_NULL;
	write_file("short", &other, SIZE);
	NAMED("without segments", "./short");
	make_good(ET_DYN);
	other = good;
	make_good(ET_EXEC);
	other.table[DATA].p_memsz = (Elf64_Xword)-1;
	write_file("short", &other, SIZE);
	NAMED("with a segment too large", "./short");
	other = good;
	write_file("short", &other, SIZE);
	NAMED("at the same fixed place", "./short");
#undef NAMED
}

TEST("executables that are broken in every way")
{
	error = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int type = ET_EXEC; type <= ET_DYN; type++) {
		make_good((Elf64_Half)type);
		bad = good;
		show(type == ET_EXEC ? "a fixed one" : "a movable one");
		if (type == ET_EXEC) {
			cut();
			bad = good;
			flip_header();
		}
		flip_table();
		tables();
		segments(type == ET_EXEC ? BASE : 0);
	}
	interpreters();
	still_alive();
}
