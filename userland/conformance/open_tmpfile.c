#include "test.h"
TEST("O_TMPFILE: a file without a name that may get one")
{
	char path[64];
	struct stat st;
	need(mkdir("d", 0755));
	int fd = (int)ok(open("d", O_TMPFILE | O_RDWR, 0640));
	need(fstat(fd, &st));
	is(st.st_nlink, 0);
	is(st.st_mode, S_IFREG | 0640);
	is(write(fd, "content", 7), 7);
	fails(rmdir("d/x"), ENOENT);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	ok(linkat(AT_FDCWD, path, AT_FDCWD, "d/named", AT_SYMLINK_FOLLOW));
	text_is(get_file("d/named"), "content");
	need(fstat(fd, &st));
	is(st.st_nlink, 1);
	fails(linkat(AT_FDCWD, path, AT_FDCWD, "d/named", AT_SYMLINK_FOLLOW), EEXIST);
	int other = (int)ok(open("d", O_TMPFILE | O_RDWR, 0600));
	ok(linkat(other, "", AT_FDCWD, "d/second", AT_EMPTY_PATH));
	ok(access("d/second", F_OK));
	int excl = (int)ok(open("d", O_TMPFILE | O_RDWR | O_EXCL, 0600));
	fails(linkat(excl, "", AT_FDCWD, "d/third", AT_EMPTY_PATH), ENOENT);
	fails(open("d", O_TMPFILE | O_RDONLY, 0600), EINVAL);
	fails(open("absent", O_TMPFILE | O_RDWR, 0600), ENOENT);
	fails(open("d/named", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
	CHILD({
		become(1000);
		fails(open("d", O_TMPFILE | O_RDWR, 0600), EACCES);
	});
}
