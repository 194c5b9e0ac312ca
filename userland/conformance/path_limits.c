#include "test.h"
TEST("path and name limits: 255 bytes a name, 4095 a path, deep trees")
{
	char name[300], path[5000];
	memset(name, 'n', sizeof name);
	name[255] = 0;
	ok(mkdir(name, 0755));
	ok(rmdir(name));
	name[255] = 'n';
	name[256] = 0;
	fails(mkdir(name, 0755), ENAMETOOLONG);
	fails(rename("absent", name), ENOENT);
	fails(rename(".", name), EBUSY);
	name[250] = 0;
	/* Thirty levels of long names: longer than any path, reached step by step. */
	int depth = 0;
	for (; depth < 30; depth++)
		if (mkdir(name, 0755) < 0 || chdir(name) < 0)
			break;
	is(depth, 30);
	fails((getcwd(path, sizeof path) ? 0 : -1), ENAMETOOLONG);
	put_file("deep", "down here");
	text_is(get_file("deep"), "down here");
	need(unlink("deep"));
	for (; depth > 0; depth--) {
		need(chdir(".."));
		need(rmdir(name));
	}
	path[0] = 0;
	while (strlen(path) < 4080)
		strcat(path, "./");
	ok(access(path, F_OK));
	while (strlen(path) < 4096)
		strcat(path, "/");
	fails(access(path, F_OK), ENAMETOOLONG);
	/* Bytes are bytes: anything but NUL and slash is a name. */
	char odd[] = {1, '\n', (char)0xff, (char)0x80, ' ', '*', 0};
	ok(mkdir(odd, 0755));
	ok(rmdir(odd));
}
