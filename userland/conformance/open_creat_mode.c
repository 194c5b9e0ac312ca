#include "test.h"
TEST("open, mkdir, mknod: mode and umask, odd bits")
{
	umask(0);
	close((int)need(open("a", O_WRONLY | O_CREAT, 0666)));
	is(mode_of("a") & 07777, 0666);
	umask(022);
	close((int)need(open("b", O_WRONLY | O_CREAT, 0666)));
	is(mode_of("b") & 07777, 0644);
	umask(077);
	close((int)need(creat("c", 0777)));
	is(mode_of("c") & 07777, 0700);
	need(mkdir("d", 0777));
	is(mode_of("d") & 07777, 0700);
	umask(0777);
	/* The descriptor is writable whatever the mode of the new file. */
	int fd = (int)ok(open("e", O_RDWR | O_CREAT, 0777));
	is(write(fd, "x", 1), 1);
	is(mode_of("e") & 07777, 0);
	umask(0);
	close((int)need(open("s", O_WRONLY | O_CREAT, 07777)));
	is(mode_of("s") & 07777, 07777);
	need(mkdir("t", 07777));
	is(mode_of("t") & 07777, 01777);
	is(umask(07777), 0);
	is(umask(022), 0777);
	CHILD({
		need(chmod(".", 0777));
		become(1000);
		umask(0);
		/* The access mode of an existing file counts, of a new one it does not. */
		int ro = (int)ok(open("u", O_RDWR | O_CREAT, 0444));
		is(write(ro, "x", 1), 1);
		fails(open("u", O_RDWR), EACCES);
		ok(open("u", O_RDONLY));
	});
	struct stat st;
	need(stat("u", &st));
	is(st.st_uid, 1000);
	is(st.st_gid, 1000);
}
