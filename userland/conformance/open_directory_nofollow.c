#include "test.h"
TEST("open: O_DIRECTORY, O_NOFOLLOW, O_PATH")
{
	need(mkdir("d", 0755));
	put_file("d/f", "text");
	put_file("secret", "hidden");
	need(chmod("secret", 0));
	need(symlink("d", "ld"));
	need(symlink("d/f", "lf"));
	ok(open("d", O_RDONLY | O_DIRECTORY));
	ok(open("ld", O_RDONLY | O_DIRECTORY));
	fails(open("ld", O_RDONLY | O_NOFOLLOW), ELOOP);
	fails(open("ld", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), ENOTDIR);
	fails(open("lf", O_RDONLY | O_NOFOLLOW), ELOOP);
	ok(open("ld/f", O_RDONLY | O_NOFOLLOW));
	ok(open("d/f", O_RDONLY | O_NOFOLLOW));
	int path = (int)ok(open("d/f", O_PATH));
	char c;
	struct stat st;
	fails(read(path, &c, 1), EBADF);
	fails(write(path, &c, 1), EBADF);
	fails(syscall(SYS_fchmod, path, 0600), EBADF);
	fails(lseek(path, 0, SEEK_SET), EBADF);
	fails(ftruncate(path, 0), EBADF);
	fails(fsync(path), EBADF);
	fails(ioctl(path, FIONREAD, &c), EBADF);
	ok(fstat(path, &st));
	is(st.st_size, 4);
	ok(dup(path));
	is(fcntl(path, F_GETFL) & O_PATH, O_PATH);
	int link = (int)ok(open("lf", O_PATH | O_NOFOLLOW));
	ok(fstat(link, &st));
	is(S_ISLNK(st.st_mode), 1);
	char target[16] = "";
	is(readlinkat(link, "", target, sizeof target), 3);
	text_is(target, "d/f");
	int dir = (int)ok(open("d", O_PATH));
	ok(openat(dir, "f", O_RDONLY));
	ok(fchdir(dir));
	ok(access("f", F_OK));
	need(chdir(".."));
	/* No permission on the file itself is needed. */
	CHILD({
		become(1000);
		fails(open("secret", O_RDONLY), EACCES);
		ok(open("secret", O_PATH));
	});
}
