#include "test.h"
#include <dirent.h>

TEST("readdir while entries come and go: what stays is seen exactly once")
{
	char name[300];
	int seen[100] = {0}, twice = 0, missing = 0;
	need(mkdir("d", 0755));
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "d/keep-%02d", i);
		put_file(name, "");
		snprintf(name, sizeof name, "d/drop-%02d", i);
		put_file(name, "");
	}
	DIR *dir = opendir("d");
	int count = 0;
	for (struct dirent *e; (e = readdir(dir));) {
		int n;
		if (sscanf(e->d_name, "keep-%d", &n) == 1 && n < 100 && seen[n]++)
			twice++;
		if (count < 100) {
			snprintf(name, sizeof name, "d/drop-%02d", count);
			unlink(name);
			snprintf(name, sizeof name, "d/new-%02d", count);
			put_file(name, "");
			count++;
		}
	}
	closedir(dir);
	for (int i = 0; i < 100; i++)
		missing += !seen[i];
	is(twice, 0);
	is(missing, 0);
	/* rm -r in the usual way: unlink while reading. */
	dir = opendir("d");
	for (struct dirent *e; (e = readdir(dir));) {
		snprintf(name, sizeof name, "d/%s", e->d_name);
		if (e->d_name[0] != '.')
			need(unlink(name));
	}
	closedir(dir);
	ok(rmdir("d"));
}
