#include "test.h"
static unsigned char image[1 << 20];
static size_t length;
static char *argv[] = {"x", "exit", NULL};

static const char *attempt(const unsigned char *data, size_t n)
{
	int fd = (int)need(open("prog", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755));
	size_t done = 0;
	while (done < n)
		done += (size_t)need(write(fd, data + done, n - done));
	close(fd);
	fflush(stdout);
	pid_t pid = vfork();
	if (pid == 0) {
		execv("./prog", argv);
		_exit(errno == ENOEXEC ? 100 : errno == EINVAL ? 101 : errno == ENOMEM ? 102 : 103);
	}
	int status;
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		return "killed";
	switch (WEXITSTATUS(status)) {
	case 0: return "runs";
	case 100: return "ENOEXEC";
	case 101: return "EINVAL";
	case 102: return "ENOMEM";
	default: return "other";
	}
}

static const char *with(size_t offset, int value, size_t width)
{
	static unsigned char copy[sizeof image];
	memcpy(copy, image, length);
	memcpy(copy + offset, &value, width);
	return attempt(copy, length);
}

TEST("execve: damaged ELF headers are ENOEXEC, never more")
{
	if (test_argc > 1)
		exit(0);
	int self = (int)need(open("/proc/self/exe", O_RDONLY));
	length = (size_t)need(read(self, image, sizeof image));
	close(self);
	text_is(attempt(image, length), "runs");
	text_is(attempt(image, 4), "ENOEXEC");
	text_is(attempt(image, 16), "ENOEXEC");
	text_is(attempt(image, 63), "ENOEXEC");
	text_is(with(0, 0x7e, 1), "ENOEXEC");
	text_is(with(16, 1, 2), "ENOEXEC");	/* e_type: a relocatable file */
	text_is(with(16, 4, 2), "ENOEXEC");	/* a core file */
	text_is(with(18, 40, 2), "ENOEXEC");	/* e_machine: ARM */
	text_is(with(18, 3, 2), "ENOEXEC");	/* 386 with a 64-bit header */
	text_is(with(54, 55, 2), "ENOEXEC");	/* e_phentsize */
	text_is(with(56, 0, 2), "ENOEXEC");	/* no program headers */
	text_is(with(32, 0x7fffffff, 4), "ENOEXEC");	/* e_phoff far behind the end */
}
