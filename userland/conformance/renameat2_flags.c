#include "test.h"
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

static long at2(const char *from, const char *to, unsigned flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

TEST("renameat2: NOREPLACE, EXCHANGE, WHITEOUT combinations")
{
	put_file("a", "A");
	put_file("b", "B");
	need(mkdir("d", 0755));
	put_file("d/in", "I");
	fails(at2("a", "b", RENAME_NOREPLACE), EEXIST);
	fails(at2("a", "d", RENAME_NOREPLACE), EEXIST);
	ok(at2("a", "c", RENAME_NOREPLACE));
	fails(access("a", F_OK), ENOENT);
	ok(at2("c", "b", RENAME_EXCHANGE));
	text_is(get_file("b"), "A");
	text_is(get_file("c"), "B");
	fails(at2("c", "absent", RENAME_EXCHANGE), ENOENT);
	fails(at2("absent", "c", RENAME_EXCHANGE), ENOENT);
	/* A file and a directory may change places. */
	ok(at2("b", "d", RENAME_EXCHANGE));
	is(S_ISDIR(mode_of("b")), 1);
	text_is(get_file("d"), "A");
	text_is(get_file("b/in"), "I");
	fails(at2("b", "b/in", RENAME_EXCHANGE), EINVAL);
	fails(at2("b/in", "b", RENAME_EXCHANGE), EINVAL);
	fails(at2("b", "c", RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
	fails(at2("b", "c", 0x100), EINVAL);
	ok(at2("c", "d", 0));
	text_is(get_file("d"), "B");
}
