#include "test.h"
#include <sys/socket.h>

static int send_fds(int sock, const int *fds, int n)
{
	char control[CMSG_SPACE(sizeof(int) * 8)] = {0};
	struct iovec v = {"d", 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)n);
	return (int)sendmsg(sock, &m, 0);
}
static int receive_fds(int sock, int *fds, int *flags, int how)
{
	char control[CMSG_SPACE(sizeof(int) * 8)], byte;
	struct iovec v = {&byte, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	if (recvmsg(sock, &m, how) < 0)
		return -1;
	*flags = m.msg_flags;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return 0;
	int n = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(fds, CMSG_DATA(c), sizeof(int) * (size_t)n);
	return n;
}

TEST("SCM_RIGHTS: descriptors travel with their open files, close-on-exec, credentials")
{
	int p[2], got[8], flags;
	char buffer[16] = "";
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	put_file("f", "content");
	int fd = (int)need(open("f", O_RDONLY)), fds[2] = {fd, fd};
	is(send_fds(p[0], fds, 2), 1);
	need(lseek(fd, 3, SEEK_SET));
	is(receive_fds(p[1], got, &flags, MSG_CMSG_CLOEXEC), 2);
	is(fcntl(got[0], F_GETFD), FD_CLOEXEC);
	is(lseek(got[1], 0, SEEK_CUR), 3);
	is(read(got[0], buffer, 16), 4);
	text_is(buffer, "tent");
	int bad = 999;
	fails(send_fds(p[0], &bad, 1), EBADF);
	/* To another process, the sender closing its copy at once. */
	pid_t pid;
	SPAWN(pid, {
		is(receive_fds(p[1], got, &flags, 0), 1);
		is(fcntl(got[0], F_GETFD), 0);
		is(pread(got[0], buffer, 16, 0), 7);
	});
	int other = (int)need(open("f", O_RDONLY));
	is(send_fds(p[0], &other, 1), 1);
	close(other);
	ends(pid, "exit 0");
	/* Never received: dropped with the socket, and a pipe's end with it. */
	int pipefd[2];
	need(pipe(pipefd));
	is(send_fds(p[0], &pipefd[1], 1), 1);
	close(pipefd[1]);
	fcntl(pipefd[0], F_SETFL, O_NONBLOCK);
	fails(read(pipefd[0], buffer, 1), EAGAIN);
	close(p[0]);
	close(p[1]);
	is(read(pipefd[0], buffer, 1), 0);
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	struct ucred cred;
	socklen_t length = sizeof cred;
	ok(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &cred, &length));
	holds(cred.pid == getpid());
	is(cred.uid, 0);
}
