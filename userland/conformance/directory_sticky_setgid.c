#include "test.h"
TEST("sticky and set-group-ID directories")
{
	struct stat st;
	need(mkdir("sticky", 0755));
	need(chmod("sticky", 01777));
	need(mkdir("sgid", 0755));
	need(chown("sgid", 0, 700));
	need(chmod("sgid", 02777));
	CHILD({
		become(1000);
		put_file("sticky/a", "x");
		need(mkdir("sticky/da", 0777));
		put_file("sgid/f", "x");
		need(mkdir("sgid/d", 0755));
	});
	need(stat("sgid/f", &st));
	is(st.st_gid, 700);
	is(st.st_uid, 1000);
	need(stat("sgid/d", &st));
	is(st.st_gid, 700);
	is(st.st_mode & 07777, 02755);
	CHILD({
		become(2000);
		fails(unlink("sticky/a"), EPERM);
		fails(rename("sticky/a", "sticky/b"), EPERM);
		fails(rmdir("sticky/da"), EPERM);
		put_file("sticky/mine", "x");
		fails(rename("sticky/mine", "sticky/a"), EPERM);
		ok(rename("sticky/mine", "sticky/other"));
		ok(unlink("sticky/other"));
		/* Not in a plain world-writable directory. */
		ok(unlink("sgid/f"));
	});
	CHILD({
		become(1000);
		ok(unlink("sticky/a"));
		/* A new set-group-ID file in a directory of another group loses the bit. */
		int fd = (int)need(open("sgid/g", O_RDWR | O_CREAT, 02775));
		need(fstat(fd, &st));
		is(st.st_gid, 700);
		is(st.st_mode & 07777, 0755);
	});
	/* The owner of the directory may remove. */
	need(chown("sticky", 3000, 0));
	CHILD({
		become(3000);
		ok(rmdir("sticky/da"));
	});
}
