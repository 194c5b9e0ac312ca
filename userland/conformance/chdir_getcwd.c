#include "test.h"
TEST("chdir, fchdir, getcwd: errors, buffers, moved directories")
{
	char path[PATH_MAX], small[4];
	need(mkdir("d", 0755));
	need(mkdir("d/e", 0755));
	put_file("f", "x");
	need(mkdir("closed", 0700));
	long base = (long)strlen((char *)need((long)getcwd(path, sizeof path)));
	ok(chdir("d/e"));
	is(syscall(SYS_getcwd, path, sizeof path), base + 5);
	text_is(path + base, "/d/e");
	fails((getcwd(small, sizeof small) ? 0 : -1), ERANGE);
	fails((getcwd(path, 0) ? 0 : -1), EINVAL);
	fails(syscall(SYS_getcwd, (char *)8, 100), EFAULT);
	int fd = (int)need(open("..", O_RDONLY)), file = (int)need(open("../../f", O_RDONLY));
	ok(fchdir(fd));
	need((long)getcwd(path, sizeof path));
	text_is(path + base, "/d");
	fails(fchdir(file), ENOTDIR);
	fails(fchdir(-1), EBADF);
	fails(chdir("absent"), ENOENT);
	fails(chdir("../f"), ENOTDIR);
	fails(chdir(""), ENOENT);
	fails(chdir((char *)8), EFAULT);
	ok(rename("../d", "../moved"));
	need((long)getcwd(path, sizeof path));
	text_is(path + base, "/moved");
	CHILD({
		become(1000);
		fails(chdir("../closed"), EACCES);
	});
	ok(chdir("/"));
	is(syscall(SYS_getcwd, path, sizeof path), 2);
	ok(chdir(".."));
	need((long)getcwd(path, sizeof path));
	text_is(path, "/");
}
