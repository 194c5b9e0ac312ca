#include "test.h"
#include <sys/mount.h>

TEST("mount, umount: tmpfs over a directory, bind, read-only, busy, errors")
{
	struct stat st, inner;
	need(mkdir("m", 0755));
	need(mkdir("b", 0755));
	put_file("m/below", "below");
	put_file("file", "x");
	need(stat("m", &st));
	ok(mount("none", "m", "tmpfs", 0, "size=1m,mode=0750"));
	need(stat("m", &inner));
	holds(st.st_dev != inner.st_dev);
	is(inner.st_mode & 07777, 0750);
	fails(access("m/below", F_OK), ENOENT);
	put_file("m/above", "above");
	fails(rename("m/above", "above"), EXDEV);
	fails(link("m/above", "above"), EXDEV);
	fails(rename("m", "n"), EBUSY);
	fails(rmdir("m"), EBUSY);
	ok(mount("m", "b", NULL, MS_BIND, NULL));
	text_is(get_file("b/above"), "above");
	put_file("b/two", "2");
	text_is(get_file("m/two"), "2");
	/* The limit of size=1m. */
	char *megabyte = calloc(1, 2 << 20);
	int fd = (int)need(open("m/big", O_WRONLY | O_CREAT, 0644));
	holds(write(fd, megabyte, 2 << 20) < 1 << 20);
	fails(write(fd, megabyte, 1 << 20), ENOSPC);
	fails(umount("m"), EBUSY);
	close(fd);
	ok(mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	fails(open("m/above", O_WRONLY), EROFS);
	fails(unlink("m/above"), EROFS);
	fails(mkdir("m/x", 0755), EROFS);
	fails(chmod("m/above", 0600), EROFS);
	fails(access("m/above", W_OK), EROFS);
	ok(access("m/above", R_OK));
	int held = (int)need(open("m/above", O_RDONLY));
	fails(umount2("m", 0), EBUSY);
	ok(umount2("m", MNT_DETACH));
	text_is(get_file("m/below"), "below");
	char c = 0;
	is(read(held, &c, 1), 1);
	close(held);
	ok(umount("b"));
	fails(umount("b"), EINVAL);
	fails(umount("absent"), ENOENT);
	fails(umount2("b", 0x100), EINVAL);
	fails(mount("none", "absent", "tmpfs", 0, NULL), ENOENT);
	fails(mount("none", "file", "tmpfs", 0, NULL), ENOTDIR);
	fails(mount("none", "m", "nosuchfs", 0, NULL), ENODEV);
	CHILD({
		become(1000);
		fails(mount("none", "m", "tmpfs", 0, NULL), EPERM);
		fails(umount("m"), EPERM);
	});
}
