#include "test.h"
TEST("writing and truncating clears set-id bits for the unprivileged")
{
	need(chmod(".", 0777));
	CHILD({
		become(1000);
		put_file("f", "text");
		need(chmod("f", 06755));
		int fd = (int)need(open("f", O_RDWR));
		is(mode_of("f") & 07777, 06755);
		is(write(fd, "x", 1), 1);
		is(mode_of("f") & 07777, 0755);
		need(chmod("f", 06755));
		ok(ftruncate(fd, 2));
		is(mode_of("f") & 07777, 0755);
		need(chmod("f", 06755));
		ok(truncate("f", 1));
		is(mode_of("f") & 07777, 0755);
		need(chmod("f", 06755));
		close((int)ok(open("f", O_WRONLY | O_TRUNC)));
		is(mode_of("f") & 07777, 0755);
		need(chmod("f", 02644));
		is(write(fd, "x", 1), 1);
		is(mode_of("f") & 07777, 02644);
	});
	/* Root keeps them. */
	put_file("r", "text");
	need(chmod("r", 06755));
	int fd = (int)need(open("r", O_RDWR));
	is(write(fd, "x", 1), 1);
	is(mode_of("r") & 07777, 06755);
}
