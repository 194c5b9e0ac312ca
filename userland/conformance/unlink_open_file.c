#include "test.h"
TEST("unlink: an open file lives on without a name")
{
	struct stat st;
	char buffer[16] = "";
	put_file("f", "content");
	int fd = (int)need(open("f", O_RDWR));
	ok(unlink("f"));
	fails(access("f", F_OK), ENOENT);
	need(fstat(fd, &st));
	is(st.st_nlink, 0);
	is(read(fd, buffer, 16), 7);
	is(write(fd, " more", 5), 5);
	is(pread(fd, buffer, 16, 0), 12);
	text_is(buffer, "content more");
	put_file("f", "another");
	is(pread(fd, buffer, 16, 0), 12);
	char link[64], target[PATH_MAX] = "";
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, target, sizeof target - 1);
	holds(n > 10);
	text_is(target + n - 12, "/f (deleted)");
	/* Through /proc it can be opened again. */
	int again = (int)ok(open(link, O_RDONLY));
	is(read(again, buffer, 7), 7);
	fails(linkat(AT_FDCWD, link, AT_FDCWD, "back", AT_SYMLINK_FOLLOW), ENOENT);
	CHILD({
		is(pread(fd, buffer, 16, 0), 12);
	});
}
