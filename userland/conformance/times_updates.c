#include "test.h"
static struct stat before, after;

static void reset(const char *path)
{
	struct timespec t[2] = {{1000, 0}, {1000, 0}};
	need(utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW));
	sleep_ms(15);
	need(lstat(path, &before));
}
static const char *changed(const char *path)
{
	static char text[3];
	need(lstat(path, &after));
	text[0] = before.st_mtim.tv_sec != after.st_mtim.tv_sec || before.st_mtim.tv_nsec != after.st_mtim.tv_nsec ? 'm' : '-';
	text[1] = before.st_ctim.tv_sec != after.st_ctim.tv_sec || before.st_ctim.tv_nsec != after.st_ctim.tv_nsec ? 'c' : '-';
	return text;
}

TEST("which of mtime and ctime each operation changes")
{
	put_file("f", "text");
	need(mkdir("d", 0755));
	int fd = (int)need(open("f", O_RDWR));
	char c;
	reset("f");
	need(pwrite(fd, "x", 1, 0));
	text_is(changed("f"), "mc");
	reset("f");
	need(pread(fd, &c, 0, 0));
	text_is(changed("f"), "--");
	reset("f");
	need(pwrite(fd, "x", 0, 0));
	text_is(changed("f"), "--");
	reset("f");
	need(chmod("f", 0600));
	text_is(changed("f"), "-c");
	reset("f");
	need(chown("f", 1, 1));
	text_is(changed("f"), "-c");
	reset("f");
	need(link("f", "g"));
	text_is(changed("f"), "-c");
	reset("f");
	need(unlink("g"));
	text_is(changed("f"), "-c");
	reset("f");
	need(ftruncate(fd, 2));
	text_is(changed("f"), "mc");
	reset("f");
	need(ftruncate(fd, 2));
	text_is(changed("f"), "mc");
	reset("f");
	need(truncate("f", 2));
	text_is(changed("f"), "mc");
	reset("f");
	close((int)need(open("f", O_RDONLY)));
	text_is(changed("f"), "--");
	reset("f");
	need(rename("f", "h"));
	text_is(changed("h"), "-c");
	reset("d");
	put_file("d/x", "");
	text_is(changed("d"), "mc");
	reset("d");
	put_file("d/x", "again");
	text_is(changed("d"), "--");
	reset("d");
	need(rename("d/x", "d/y"));
	text_is(changed("d"), "mc");
	reset("d");
	need(unlink("d/y"));
	text_is(changed("d"), "mc");
	reset("d");
	need(mkdir("d/s", 0755));
	text_is(changed("d"), "mc");
	reset("d");
	need(rmdir("d/s"));
	text_is(changed("d"), "mc");
}
