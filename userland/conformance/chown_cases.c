#include "test.h"
TEST("chown: who may, -1, links, set-id bits are cleared")
{
	struct stat st;
	put_file("f", "x");
	need(symlink("f", "s"));
	ok(chown("f", 1000, 2000));
	need(stat("f", &st));
	is(st.st_uid, 1000);
	is(st.st_gid, 2000);
	ok(chown("f", (uid_t)-1, 3000));
	need(stat("f", &st));
	is(st.st_uid, 1000);
	is(st.st_gid, 3000);
	ok(chown("s", 5, (gid_t)-1));
	need(stat("f", &st));
	is(st.st_uid, 5);
	ok(lchown("s", 9, 9));
	need(lstat("s", &st));
	is(st.st_uid, 9);
	need(stat("f", &st));
	is(st.st_uid, 5);
	fails(chown("absent", 0, 0), ENOENT);
	fails(fchown(-1, 0, 0), EBADF);
	fails(fchownat(AT_FDCWD, "f", 0, 0, 0x1), EINVAL);
	/* Even root's chown clears the bits of an executable file. */
	need(chmod("f", 06755));
	ok(chown("f", 0, 0));
	is(mode_of("f") & 07777, 0755);
	need(chmod("f", 02644));
	ok(chown("f", 0, 0));
	is(mode_of("f") & 07777, 02644);
	need(mkdir("d", 0755));
	need(chmod("d", 06755));
	ok(chown("d", 0, 0));
	is(mode_of("d") & 07777, 06755);
	need(chmod(".", 0777));
	CHILD({
		gid_t groups[] = {600, 700};
		need(setgroups(2, groups));
		need(setresgid(500, 500, 500));
		need(setresuid(1000, 1000, 1000));
		put_file("mine", "x");
		ok(chown("mine", (uid_t)-1, 600));
		ok(chown("mine", 1000, 700));
		ok(chown("mine", (uid_t)-1, (gid_t)-1));
		fails(chown("mine", (uid_t)-1, 800), EPERM);
		fails(chown("mine", 1001, (gid_t)-1), EPERM);
		fails(chown("f", (uid_t)-1, 600), EPERM);
		fails(chown("f", 0, 0), EPERM);
		ok(chmod("mine", 06755));
		ok(chown("mine", (uid_t)-1, 600));
		is(mode_of("mine") & 07777, 0755);
	});
}
