/*
 * Good arguments for every call of the table: what bad_pointers.c passes beside the pointer that is bad.
 *
 * Rows name a call ("*" for all) and an argument; the first row that fits counts.
 */
#ifndef EXO_GOOD_ARGUMENTS_H
#define EXO_GOOD_ARGUMENTS_H

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "abi_table.h"
#include "test.h"

/* Descriptors that every case finds open. */
enum {
	FILE_FD = 20, OTHER_FD, DIR_FD, PIPE_READ, PIPE_WRITE, STREAM_FD, STREAM_PEER, LISTEN_FD, FRESH_FD, DATAGRAM_FD,
	DATAGRAM_PEER, EPOLL_FD, TIMER_FD, EVENT_FD, PIDFD, PTY_FD, LAST_FD,
};
enum { BUFFER = 64, EXECUTED = 77 };

struct good_number {
	const char *call, *argument;
	long value;
};
static const struct good_number good_numbers[] = {
	{"accept", "fd", LISTEN_FD}, {"accept4", "fd", LISTEN_FD}, {"bind", "fd", FRESH_FD}, {"connect", "fd", FRESH_FD},
	{"sendto", "fd", DATAGRAM_FD}, {"sendmsg", "fd", STREAM_FD}, {"sendmmsg", "fd", STREAM_FD},
	{"recvfrom", "fd", DATAGRAM_FD}, {"recvmsg", "fd", STREAM_FD}, {"recvmmsg", "fd", STREAM_FD},
	{"getsockname", "fd", LISTEN_FD}, {"getpeername", "fd", STREAM_FD}, {"setsockopt", "fd", STREAM_FD},
	{"getsockopt", "fd", STREAM_FD}, {"*", "level", SOL_SOCKET}, {"*", "optname", SO_REUSEADDR}, {"*", "optlen", 4},
	{"*", "addrlen", sizeof(sa_family_t) + 9}, {"*", "domain", AF_UNIX}, {"*", "kind", SOCK_STREAM},
	{"getdents", "fd", DIR_FD}, {"getdents64", "fd", DIR_FD}, {"epoll_ctl", "op", EPOLL_CTL_ADD},
	{"epoll_ctl", "fd", PIPE_READ}, {"*", "epfd", EPOLL_FD}, {"*", "pidfd", PIDFD}, {"timerfd_settime", "fd", TIMER_FD},
	{"timerfd_gettime", "fd", TIMER_FD}, {"signalfd", "fd", -1}, {"signalfd4", "fd", -1}, {"vmsplice", "fd", PIPE_WRITE},
	{"splice", "fd_in", FILE_FD}, {"splice", "fd_out", PIPE_WRITE}, {"*", "fd_in", FILE_FD},
	{"*", "fd_out", OTHER_FD}, {"*", "in_fd", FILE_FD}, {"*", "out_fd", OTHER_FD}, {"*", "fd", FILE_FD},
	{"*", "dirfd", AT_FDCWD}, {"*", "olddirfd", AT_FDCWD}, {"*", "newdirfd", AT_FDCWD},
	{"clone", "flags", CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD},
	{"clone3", "size", 64}, {"openat2", "size", 24}, {"sched_setaffinity", "size", 8}, {"sched_getaffinity", "size", 8},
	{"setgroups", "size", 1}, {"*", "sizemask", 8}, {"*", "sigsetsize", 8}, {"sethostname", "len", 3},
	{"setdomainname", "len", 3}, {"*", "size", BUFFER}, {"*", "len", BUFFER}, {"*", "count", BUFFER},
	{"truncate", "length", 10}, {"mincore", "length", 4096}, {"*", "iovcnt", 1}, {"*", "nr_segs", 1}, {"*", "vlen", 1},
	{"*", "maxevents", 1}, {"poll", "nfds", 1}, {"ppoll", "nfds", 1}, {"*", "nfds", FILE_FD + 1},
	{"mknod", "mode", S_IFIFO | 0644}, {"mknodat", "mode", S_IFIFO | 0644}, {"access", "mode", R_OK},
	{"faccessat", "mode", R_OK}, {"faccessat2", "mode", R_OK}, {"*", "mode", 0644}, {"*", "resource", RLIMIT_CORE},
	{"*", "clockid", CLOCK_MONOTONIC}, {"*", "signum", SIGUSR1}, {"futex", "op", 0}, {"futex", "val", 1},
	{"wait4", "pid", -1}, {"wait4", "options", WNOHANG}, {"*", "options", WNOHANG | WEXITED}, {"syslog", "action", 3},
	{"statx", "mask", 0x7ff}, {"renameat2", "flags", 0}, {"*", "timerid", 0},
	{"*", "cmd", IPC_STAT}, {"*", "msgflg", IPC_NOWAIT}, {"*", "msgsz", 16}, {"*", "nsops", 1}, {"*", "maxnode", 64},
};

struct good_text {
	const char *call, *argument, *text;
};
static const struct good_text good_texts[] = {
	{"mkdir", "path", "new"}, {"mkdirat", "path", "new"}, {"mknod", "path", "new"}, {"mknodat", "path", "new"},
	{"creat", "path", "new"}, {"symlink", "path", "new"}, {"symlinkat", "path", "new"}, {"rmdir", "path", "dir"},
	{"chdir", "path", "dir"}, {"chroot", "path", "dir"}, {"readlink", "path", "link"}, {"readlinkat", "path", "link"},
	{"execve", "path", "/proc/self/exe"}, {"execveat", "path", "/proc/self/exe"}, {"mount", "target", "dir"},
	{"umount2", "target", "dir"}, {"pivot_root", "*", "dir"}, {"*", "fstype", "tmpfs"}, {"memfd_create", "name", "name"},
	{"*", "name", "trusted.x"}, {"*", "new", "new"}, {"*", "*", "file"},
};

/* Bytes of what is not in the table: structures that the kernel reads piece by piece. */
static const struct good_number good_sizes[] = {
	{"adjtimex", "buf", 208}, {"clock_adjtime", "buf", 208}, {"ustat", "buf", 32}, {"*", "msg", sizeof(struct msghdr)},
	{"*", "msgvec", sizeof(struct msghdr) + 8}, {"mincore", "vec", 1}, {"openat2", "how", 24}, {"clone3", "args", 64},
	{"sched_setaffinity", "mask", 8}, {"sched_getaffinity", "mask", 8}, {"*", "optval", 4}, {"sethostname", "name", 3},
	{"setdomainname", "name", 3}, {"semctl", "arg", 104}, {"shmctl", "buf", 112}, {"msgctl", "buf", 120},
	{"*", "msgp", sizeof(long) + 16}, {"*", "addr", sizeof(sa_family_t) + 9}, {"mount", "data", 4096}, {"*", "*", BUFFER},
};

/* A semaphore set, a shared memory segment and a message queue, if the program has made them. */
static int good_ids[3];

static UNUSED int good_fits(const char *pattern, const char *name)
{
	return !strcmp(pattern, "*") || !strcmp(pattern, name);
}

static UNUSED int good_lookup(const struct good_number *rows, size_t count, const char *call, const char *argument,
			      long *value)
{
	for (size_t i = 0; i < count; i++)
		if (good_fits(rows[i].call, call) && good_fits(rows[i].argument, argument)) {
			*value = rows[i].value;
			return 1;
		}
	return 0;
}

static UNUSED long good_number(const char *call, const char *argument)
{
	long value = 0;
	static const char *const ids[] = {"semid", "shmid", "msqid"};
	for (int i = 0; i < 3; i++)
		if (!strcmp(argument, ids[i]))
			return good_ids[i];
	good_lookup(good_numbers, sizeof good_numbers / sizeof good_numbers[0], call, argument, &value);
	return value;
}

static char good_buffer[4096];

/* What structures hold that must not be all zero. */
static UNUSED void good_struct(const char *call, const char *type, char *to)
{
	static char *words[] = {"x", "exec", NULL};
	if (!strcmp(type, "UserPtr<Iovec>"))
		*(struct iovec *)to = (struct iovec){good_buffer, 16};
	else if (!strcmp(type, "UserPtr<PollFd>"))
		*(struct pollfd *)to = (struct pollfd){FILE_FD, POLLIN, 0};
	else if (!strcmp(type, "UserPtr<Sigevent>"))
		*(struct sigevent *)to = (struct sigevent){.sigev_signo = SIGUSR1};
	else if (!strcmp(type, "UserPtr<StackT>"))
		*(stack_t *)to = (stack_t){.ss_flags = SS_DISABLE};
	else if (!strcmp(type, "UserPtr<CapHeader>"))
		*(unsigned *)to = 0x20080522;
	else if (!strcmp(type, "UserPtr<SigInfo>"))
		((siginfo_t *)to)->si_code = SI_QUEUE;
	else if (!strcmp(type, "UserPtr<[usize;2]>"))
		((long *)to)[1] = 8;
	else if (!strcmp(type, "UserPtr<usize>") && !strncmp(call, "execve", 6))
		memcpy(to, words, sizeof words);
	else if (!strcmp(call, "getsockopt") && !strcmp(type, "UserPtr<u32>"))
		*(unsigned *)to = 4;
	else if (strstr("accept4 getsockname getpeername recvfrom", call) && !strcmp(type, "UserPtr<u32>"))
		*(unsigned *)to = BUFFER;
}

static UNUSED void good_bytes(const char *call, const char *argument, char *to)
{
	static struct iovec vector = {good_buffer, 16};
	if (!strcmp(argument, "addr") && !strcmp(call, "connect"))
		memcpy(to, "\1\0\0exo-bad-", 11), to[10] = 'l';
	else if (!strcmp(argument, "addr") && !strcmp(call, "bind"))
		memcpy(to, "\1\0\0exo-bad-", 11), to[10] = 'b';
	else if (!strcmp(argument, "msgp"))
		*(long *)to = 1;
	else if (!strncmp(argument, "msg", 3))
		*(struct msghdr *)to = (struct msghdr){.msg_iov = &vector, .msg_iovlen = 1};
	else if (!strcmp(call, "clone3"))
		((long *)to)[4] = SIGCHLD;
	else if (!strcmp(call, "sched_setaffinity"))
		to[0] = 1;
	else if (strstr(call, "name") && !strcmp(argument, "name"))
		memcpy(to, "exo", 3);
}

/* Fills in a good value for what a pointer argument points to; its size. */
static UNUSED size_t good_content(const struct abi_call *call, const struct abi_argument *argument, char *to)
{
	long size = argument->size;
	memset(to, 0, 4096);
	switch (argument->kind) {
	case ABI_STRING:
		for (size_t i = 0;; i++)
			if (good_fits(good_texts[i].call, call->name) && good_fits(good_texts[i].argument, argument->name)) {
				strcpy(to, good_texts[i].text);
				return strlen(to) + 1;
			}
	case ABI_BYTES:
		good_lookup(good_sizes, sizeof good_sizes / sizeof good_sizes[0], call->name, argument->name, &size);
		good_bytes(call->name, argument->name, to);
		return (size_t)size;
	default:
		good_struct(call->name, argument->type, to);
		if (!strcmp(argument->type, "UserPtr<usize>") && !strncmp(call->name, "execve", 6))
			return 3 * sizeof(char *);
		return !strncmp(call->name, "cap", 3) && !strcmp(argument->name, "data") ? 24 : (size_t)size;
	}
}

#endif
