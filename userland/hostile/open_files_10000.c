#include "hostile.h"

TEST("ten thousand open files in one process, and what EMFILE looks like")
{
	enum { COUNT = 10000 };
	struct rlimit limit = {COUNT + 10, COUNT + 10};
	need(setrlimit(RLIMIT_NOFILE, &limit));
	put_file("f", "x");
	int opened = 0, last = -1, fd;
	while ((fd = open("f", O_RDONLY)) >= 0) {
		opened++;
		last = fd;
	}
	text_is(errno_name(errno), "EMFILE");
	holds(opened > COUNT - 10 && last == COUNT + 9);
	struct stat st;
	ok(fstat(last, &st));
	char c = 0;
	is(pread(last, &c, 1, 0), 1);
	struct pollfd p = {last, POLLIN, 0};
	is(poll(&p, 1, 0), 1);
	CHILD({
		is(pread(last, &c, 1, 0), 1);
		ok(close(last));
	});
	ok(fstat(last, &st));
	/* Ten thousand different files as well. */
	for (fd = 10; fd <= last; fd++)
		close(fd);
	need(mkdir("d", 0755));
	int made = 0;
	for (int i = 0; i < 5000; i++) {
		char name[32];
		snprintf(name, sizeof name, "d/%d", i);
		made += open(name, O_RDWR | O_CREAT, 0644) >= 0;
	}
	is(made, 5000);
	for (fd = 10; fd <= last; fd++)
		close(fd);
	for (int i = 0; i < 5000; i++) {
		char name[32];
		snprintf(name, sizeof name, "d/%d", i);
		unlink(name);
	}
	ok(rmdir("d"));
	still_alive();
}
