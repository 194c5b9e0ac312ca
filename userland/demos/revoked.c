/*
 * A parent lends a child a way to write to its log, under a badge, and takes it back: the child's copy, a copy of the
 * copy, and one that lies unread in a socket are dead at once, and the parent's own goes on.
 * Run it: exo run target/userland/demos/revoked
 */
#include "pass.h"
#include <errno.h>
#include <exo.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int says(const char *who, int fd)
{
	ssize_t written = write(fd, "line\n", 5);
	printf("%s: %s\n", who, written < 0 ? strerror(errno) : "written");
	fflush(stdout);
	return written < 0 ? errno : 0;
}

static int child(int sock, int go)
{
	char byte;
	struct exo_cap_info info;
	int lent = receive_fd(sock), copy = dup(lent);
	if (lent < 0 || copy < 0 || exo_cap_info(lent, &info))
		return 1;
	printf("child: got a %s capability with badge %#llx\n", info.kind == EXO_KIND_CHANNEL ? "channel" : "strange",
	       (unsigned long long)info.badge);
	int wrong = says("child", lent) || says("child, by a copy", copy);
	if (write(sock, "r", 1) != 1 || read(go, &byte, 1) != 1)
		return 1;
	wrong |= says("child", lent) != EKEYREVOKED || says("child, by a copy", copy) != EKEYREVOKED;
	int unread = receive_fd(sock);
	return wrong | (says("child, by one that was on its way", unread) != EKEYREVOKED);
}

int main(void)
{
	exo_require();
	int log[2], sock[2], go[2], status = -1;
	char byte;
	if (pipe(log) || pipe(go) || socketpair(AF_UNIX, SOCK_STREAM, 0, sock))
		return 1;
	pid_t pid = fork();
	if (pid == 0) {
		close(log[0]);
		close(log[1]);
		close(sock[0]);
		_exit(child(sock[1], go[0]));
	}
	int lent = exo_cap_clone(log[1], EXO_RIGHT_WRITE | EXO_RIGHT_DUP | EXO_RIGHT_STAT | EXO_RIGHT_TRANSFER, 0xc0ffee, 0);
	if (pid < 0 || lent < 0 || send_fd(sock[0], lent) < 0 || read(sock[0], &byte, 1) != 1)
		return 1;
	printf("parent: revokes what it derived from its end\n");
	fflush(stdout);
	/* What is revoked can't be sent; this one is sent first and revoked on its way. */
	int another = exo_cap_clone(log[1], EXO_RIGHT_WRITE | EXO_RIGHT_TRANSFER, 1, 0);
	if (another < 0 || send_fd(sock[0], another) < 0 || exo_cap_revoke(log[1], 0) || write(go[1], "r", 1) != 1)
		return 1;
	if (waitpid(pid, &status, 0) != pid || status)
		return 1;
	return says("parent", log[1]) != 0;
}
