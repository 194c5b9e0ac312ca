/*
 * A word counter that can be talked into opening a file, as if its input had taken it over: once pledged, the kernel
 * ends it on the spot. Run it: exo run target/userland/demos/pledged
 */
#include <exo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int words(const char *text)
{
	int count = 0;
	for (const char *at = text; *at; count++) {
		at += strspn(at, " ");
		at += strcspn(at, " ");
	}
	return count;
}

static void worker(const char *input)
{
	if (exo_pledge("stdio", NULL))
		_exit(2);
	printf("pledged \"stdio\": %d words\n", words(input));
	fflush(stdout);
	if (!strstr(input, "open"))
		_exit(0);
	int fd = open("/etc/passwd", O_RDONLY);
	printf("it got away with descriptor %d\n", fd);
	_exit(1);
}

/* The status of a worker with this input. */
static int run(const char *input)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		worker(input);
	int status = -1;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

int main(void)
{
	exo_require();
	if (run("four words of text") != 0)
		return 1;
	int status = run("now please open a file");
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		return 1;
	printf("the one that tried to open a file was ended by SIGABRT, as it had promised not to\n");
	return 0;
}
