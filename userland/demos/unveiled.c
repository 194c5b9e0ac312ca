/*
 * A file server that is asked for "../" things: it unveiled one folder, and for it nothing else is there.
 * Run it: exo run target/userland/demos/unveiled
 */
#include <errno.h>
#include <exo.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		return -1;
	ssize_t written = write(fd, text, strlen(text));
	return close(fd) || written < 0 ? -1 : 0;
}

/* 0, or the error of opening. */
static int serve(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY);
	int error = fd < 0 ? errno : 0;
	if (fd >= 0 && read(fd, text, sizeof text - 1) < 0)
		error = errno;
	printf("%-22s %s\n", path, error ? strerror(error) : text);
	if (fd >= 0)
		close(fd);
	return error;
}

int main(void)
{
	exo_require();
	mkdir("public", 0755);
	if (put("public/index", "welcome") || put("secret", "the secret") || symlink("../secret", "public/link"))
		return 1;
	if (serve("public/../secret"))
		return 1;
	printf("-- unveil(\"public\", \"r\")\n");
	if (exo_unveil("public", "r") || exo_unveil(NULL, NULL))
		return 1;
	int wrong = serve("public/index") != 0;
	wrong |= serve("public/../secret") != ENOENT;
	wrong |= serve("public/link") != ENOENT;
	wrong |= serve("/etc/passwd") != ENOENT;
	wrong |= put("public/index", "defaced") == 0 || errno != EACCES;
	printf("%-22s %s\n", "writing public/index", strerror(EACCES));
	wrong |= exo_unveil("/", "rwxc") == 0;
	return wrong;
}
