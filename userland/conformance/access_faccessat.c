#include "test.h"
#ifndef AT_EACCESS
#define AT_EACCESS 0x200
#endif

TEST("access: real ids, faccessat2 with effective ones, root's privileges")
{
	put_file("f", "x");
	need(chmod("f", 0640));
	need(chown("f", 0, 500));
	put_file("x", "x");
	need(chmod("x", 0001));
	need(mkdir("d", 0));
	ok(access("f", R_OK | W_OK));
	fails(access("f", X_OK), EACCES);
	/* Root may execute what anybody may execute, and search every directory. */
	ok(access("x", X_OK | R_OK | W_OK));
	ok(access("d", R_OK | W_OK | X_OK));
	ok(access("f", F_OK));
	fails(access("absent", F_OK), ENOENT);
	fails(access("f", 8), EINVAL);
	fails(access("f/x", F_OK), ENOTDIR);
	fails(access((char *)8, F_OK), EFAULT);
	CHILD({
		need(setresuid(1000, 0, 0));
		/* Effective root, real user. */
		fails(access("f", R_OK), EACCES);
		ok(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
		ok(close((int)open("f", O_RDONLY)));
	});
	CHILD({
		need(setgroups(0, NULL));
		need(setresgid(500, 500, 500));
		need(setresuid(1000, 1000, 1000));
		ok(access("f", R_OK));
		fails(access("f", W_OK), EACCES);
		fails(access("d/x", F_OK), EACCES);
		fails(access("x", R_OK), EACCES);
		ok(access("x", X_OK));
	});
	fails(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0x1), EINVAL);
	int fd = (int)need(open("f", O_RDONLY));
	ok(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH));
	need(symlink("nowhere", "l"));
	fails(access("l", F_OK), ENOENT);
	ok(syscall(SYS_faccessat2, AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW));
}
