/* Sending and receiving over local sockets what goes beside the bytes. */
#ifndef UNIX_H
#define UNIX_H

#include <sys/socket.h>
#include <sys/un.h>

/* Sends bytes with descriptors. */
static UNUSED ssize_t send_with(int sock, const void *data, size_t n, const int *fds, int count)
{
	char control[CMSG_SPACE(sizeof(int) * 256)] = {0};
	struct iovec v = {(void *)data, n};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)count);
	/* The C library knows better how many there may be. */
	return syscall(SYS_sendmsg, sock, &m, MSG_NOSIGNAL);
}

/* Receives bytes and up to four descriptors. */
static UNUSED ssize_t receive_with(int sock, void *data, size_t n, int flags, int *fds, int *count)
{
	char control[CMSG_SPACE(sizeof(int) * 4)];
	struct iovec v = {data, n};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	ssize_t got = recvmsg(sock, &m, flags);
	*count = 0;
	if (got < 0)
		return got;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			*count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(fds, CMSG_DATA(c), sizeof(int) * (size_t)*count);
		}
	return got;
}

/* Receives bytes and the sender's credentials; 0 in *told if none came. */
static UNUSED ssize_t receive_from_whom(int sock, void *data, size_t n, int flags, struct ucred *who, int *told)
{
	char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec v = {data, n};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	ssize_t got = recvmsg(sock, &m, flags);
	*told = 0;
	if (got < 0)
		return got;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(who, CMSG_DATA(c), sizeof *who);
			*told = 1;
		}
	return got;
}

/* Sends one byte with credentials. */
static UNUSED ssize_t send_as(int sock, pid_t pid, uid_t uid, gid_t gid)
{
	char control[CMSG_SPACE(sizeof(struct ucred))] = {0};
	struct iovec v = {"c", 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct ucred who = {pid, uid, gid};
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof who);
	memcpy(CMSG_DATA(c), &who, sizeof who);
	return sendmsg(sock, &m, MSG_NOSIGNAL);
}

static UNUSED struct sockaddr_un unix_name(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	strcpy(a.sun_path, path);
	return a;
}

#endif
