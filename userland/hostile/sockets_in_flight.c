#include "hostile.h"
#include <sys/socket.h>

/* Sends `count` descriptors over `socket`. */
static int pass(int socket, const int *fds, int count)
{
	char control[CMSG_SPACE(8 * sizeof(int))] = {0};
	struct iovec vector = {"x", 1};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control};
	message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, (size_t)count * sizeof(int));
	return (int)sendmsg(socket, &message, 0);
}
static int take(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec vector = {&byte, 1};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control};
	message.msg_controllen = sizeof control;
	int fd = -1;
	if (recvmsg(socket, &message, 0) == 1 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	return fd;
}

/* Is the pipe's other end gone? Then nothing that held it is left. The kernel looks when sockets are closed. */
static int all_gone(int pipe_end)
{
	for (int i = 0; i < 10; i++)
		close((int)need(socket(AF_UNIX, SOCK_STREAM, 0)));
	struct pollfd p = {pipe_end, POLLIN, 0};
	return poll(&p, 1, 5000) == 1 && p.revents == POLLHUP;
}

TEST("sockets that are sent through themselves, each other, and in long chains")
{
	int pipes[2], one[2], two[2];
	/* Through itself, with a pipe beside it that tells when it is gone. */
	need(pipe(pipes));
	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, one));
	need(pass(one[0], (int[]){one[0], one[1], pipes[1]}, 3));
	close(pipes[1]);
	close(one[0]);
	close(one[1]);
	holds(all_gone(pipes[0]));
	close(pipes[0]);
	/* Two through each other. */
	need(pipe(pipes));
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, one));
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, two));
	need(pass(one[0], (int[]){two[1], pipes[1]}, 2));
	need(pass(two[0], (int[]){one[1], pipes[1]}, 2));
	for (int i = 0; i < 2; i++)
		close(one[i]), close(two[i]);
	close(pipes[1]);
	holds(all_gone(pipes[0]));
	close(pipes[0]);
	/* What can still be received stays, whatever is closed beside it. */
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, one));
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, two));
	need(write(two[0], "kept", 4));
	need(pass(one[0], &two[1], 1));
	close(two[1]);
	close(one[0]);
	close((int)need(socket(AF_UNIX, SOCK_STREAM, 0)));
	char text[5] = "";
	int fd = (int)need(take(one[1]));
	is(read(fd, text, 4), 4);
	text_is(text, "kept");
	close(fd);
	close(one[1]);
	close(two[0]);
	/* Each holds the one before; the last one's end is the end of all. */
	need(pipe(pipes));
	int before = pipes[1], links = 0;
	for (; links < 3000 && socketpair(AF_UNIX, SOCK_DGRAM, 0, one) == 0; links++) {
		if (pass(one[0], &before, 1) < 0)
			break;
		close(before);
		close(one[0]);
		before = one[1];
	}
	is(links, 3000);
	close(before);
	holds(all_gone(pipes[0]));
	close(pipes[0]);
	still_alive();
}
