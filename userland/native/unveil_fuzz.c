#include "native.h"
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

/* Whatever paths it puts together, a process that unveiled "open" to read never comes to what lies in "secret". */
enum { CALLS = 20000 };

static unsigned state = 4711;
static ino_t hidden[3];
static dev_t device;
static int bases[4];

static unsigned pick(unsigned count)
{
	state = state * 1103515245 + 12345;
	return (state >> 16) % count;
}

static const char *path(char *buffer)
{
	static const char *const parts[] = {"open",  "secret", "file", "..",   ".",    "dir", "link", "back",
					    "moved", "",       "/",    "proc", "self", "fd",  "cwd",  "root"};
	buffer[0] = 0;
	if (pick(8) == 0)
		sprintf(buffer, "/proc/self/fd/%d/", bases[pick(4)]);
	else if (pick(8) == 0)
		strcpy(buffer, "/proc/self/cwd/");
	for (unsigned count = pick(5) + 1; count; count--) {
		strcat(buffer, parts[pick(16)]);
		if (count > 1)
			strcat(buffer, "/");
	}
	return buffer;
}

static int is_hidden(const struct stat *s)
{
	for (int i = 0; i < 3; i++)
		if (s->st_ino == hidden[i] && s->st_dev == device)
			return 1;
	return 0;
}

static int attack(void)
{
	char one[128], two[128], text[16];
	struct stat s;
	struct statfs fs;
	int base = pick(3) ? bases[pick(4)] : AT_FDCWD, fd = -1;
	path(one);
	path(two);
	switch (pick(20)) {
	case 0: case 1: case 2: case 3: {
		static const int flags[] = {O_RDONLY, O_RDWR, O_WRONLY | O_TRUNC, O_RDWR | O_CREAT, O_PATH, O_PATH | O_NOFOLLOW,
					    O_RDONLY | O_DIRECTORY, O_RDWR | O_TMPFILE};
		fd = openat(base, one, flags[pick(8)], 0600);
		break;
	}
	case 4:
		return fstatat(base, one, &s, pick(2) ? AT_SYMLINK_NOFOLLOW : 0) == 0 && is_hidden(&s);
	case 5:
		return renameat(base, one, bases[pick(4)], two) == 0;
	case 6:
		return linkat(base, one, bases[pick(4)], two, pick(2) ? AT_SYMLINK_FOLLOW : 0) == 0;
	case 7:
		return unlinkat(base, one, pick(2) ? AT_REMOVEDIR : 0) == 0;
	case 8:
		return symlinkat("../secret/file", base, one) == 0;
	case 9:
		return mkdirat(base, one, 0700) == 0;
	case 10:
		return fchmodat(base, one, 0777, 0) == 0;
	case 11:
		return truncate(one, 0) == 0;
	case 12:
		return chdir(pick(2) ? one : "/") == 0 && stat(".", &s) == 0 && is_hidden(&s);
	case 13:
		return fchdir(bases[pick(4)]) != 0;
	case 14:
		return mount(one, two, NULL, MS_BIND, NULL) == 0 && umount2(two, MNT_DETACH) != 0;
	case 15:
		return getxattr(one, "user.x", text, 16) >= 0;
	case 16:
		return utimensat(base, one, NULL, 0) == 0;
	case 17:
		statfs(one, &fs);
		return mknodat(base, one, S_IFIFO | 0600, 0) == 0;
	case 18:
		return lchown(one, 1, 1) == 0;
	default:
		access(one, R_OK);
		return readlinkat(base, one, text, 16) > 0 && !strncmp(text, "private", 7);
	}
	int wrong = fd >= 0 && (fstat(fd, &s) != 0 || is_hidden(&s));
	if (fd >= 0)
		close(fd);
	return wrong;
}

NATIVE_TEST("unveil against random paths")
{
	struct stat s;
	need(mkdir("open", 0755));
	need(mkdir("secret", 0755));
	need(mkdir("secret/dir", 0755));
	need(mkdir("open/dir", 0755));
	put_file("open/file", "public");
	put_file("secret/file", "private");
	need(symlink("private text", "secret/text"));
	need(symlink("../secret", "open/link"));
	need(symlink("../open", "secret/back"));
	const char *secrets[] = {"secret", "secret/file", "secret/dir"};
	for (int i = 0; i < 3; i++) {
		need(stat(secrets[i], &s));
		hidden[i] = s.st_ino;
		device = s.st_dev;
	}
	bases[0] = (int)need(open("secret", O_RDONLY | O_DIRECTORY));
	bases[1] = (int)need(open("open", O_RDONLY | O_DIRECTORY));
	bases[2] = (int)need(open("secret/dir", O_PATH));
	bases[3] = (int)need(open(".", O_RDONLY | O_DIRECTORY));
	pid_t pid;
	SPAWN(pid, {
		ok(exo_unveil("open", "r"));
		ok(exo_unveil("/proc", "r"));
		ok(exo_unveil(NULL, NULL));
		int wrong = 0;
		for (int i = 0; i < CALLS && !wrong; i++)
			wrong = attack();
		is(wrong, 0);
	});
	ends(pid, "exit 0");
	char text[16] = "";
	is(read((int)need(open("secret/file", O_RDONLY)), text, 16), 7);
	text_is(text, "private");
}
