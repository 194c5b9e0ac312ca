/*
 * libexo: the native calls of Exo-OS for C programs (docs/native-api.md is the manual).
 *
 * Functions that return int or long answer -1 and set errno, as those of libc do, unless they say otherwise. Linux
 * knows none of the calls: there everything fails with ENOSYS, and a program that can't go on without them begins with
 * exo_require().
 */
#ifndef EXO_H
#define EXO_H

#include <exo_numbers.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the native calls, EXO_VERSION or another; -1 with ENOSYS where there are none. */
int exo_version(void);

/* Ends the program with status EXO_UNAVAILABLE and a message if this kernel has no native calls of this version. */
void exo_require(void);

#define EXO_UNAVAILABLE 69

/* Flags of calls that make descriptors. */
#define EXO_CLOEXEC 02000000

/*
 * Capabilities. A descriptor stands for an object, with rights; what is derived from it has no more of them, carries a
 * badge, and ends when it is revoked, wherever it went by dup, fork or SCM_RIGHTS. The use of what was revoked fails
 * with EKEYREVOKED.
 */
enum exo_rights {
	EXO_RIGHT_READ = 1,
	EXO_RIGHT_WRITE = 2,
	EXO_RIGHT_SEEK = 4,
	EXO_RIGHT_MAP = 8,
	EXO_RIGHT_EXEC = 16,
	EXO_RIGHT_IOCTL = 32,
	EXO_RIGHT_POLL = 64,
	EXO_RIGHT_STAT = 128,
	EXO_RIGHT_DUP = 256,
	EXO_RIGHT_TRANSFER = 512,
	EXO_RIGHT_SET_ATTR = 1024,
	EXO_RIGHT_LOOKUP = 2048,
	EXO_RIGHT_CONTROL = 4096,
	EXO_RIGHT_REVOKE = 8192,
	EXO_RIGHT_SIGNAL = 16384,
	EXO_RIGHT_WAIT = 32768,
	EXO_ALL_RIGHTS = 65535,
};

enum exo_kind {
	EXO_KIND_FILE = 1,
	EXO_KIND_CHANNEL,
	EXO_KIND_RING,
	EXO_KIND_MEMORY,
	EXO_KIND_PROCESS,
	EXO_KIND_THREAD,
	EXO_KIND_TIMER,
	EXO_KIND_SPACE,
	EXO_KIND_EVENT,
};

/* Bits of exo_cap_info.state. */
#define EXO_CAP_DERIVED 1
#define EXO_CAP_REVOKED 2

struct exo_cap_info {
	uint32_t kind; /* one of enum exo_kind */
	uint32_t state;
	uint64_t rights;
	uint64_t badge;
	uint64_t place; /* in the tree of derived capabilities; 0 for an original one */
	uint64_t parent;
};

/* A new descriptor for the same object, with no more than the rights; flags: O_CLOEXEC. */
int exo_cap_clone(int fd, uint64_t rights, uint64_t badge, int flags);
/* fd itself keeps no more than the rights. */
int exo_cap_restrict(int fd, uint64_t rights);
/* Ends all that was derived from fd; with EXO_CAP_ITSELF also fd and its copies, if it is derived. */
int exo_cap_revoke(int fd, int flags);
#define EXO_CAP_ITSELF 1
/* What fd stands for, even if it was revoked. */
int exo_cap_info(int fd, struct exo_cap_info *info);
/* 1 if fd stands for the same as ancestor or was derived from it, else 0. */
int exo_cap_check(int fd, int ancestor);
/* A descriptor for a process, a thread, or (EXO_KIND_SPACE) the address space of a process; flags: O_CLOEXEC. */
int exo_cap_open(int kind, int id, int flags);

/*
 * Giving up what a program does not need, as OpenBSD's calls of these names do. A call outside of the promises ends the
 * process with SIGABRT, which can't be caught; paths that are not unveiled are not there.
 */

/* From now on the process, and what it executes, keeps these promises; NULL leaves either as it is. */
int exo_pledge(const char *promises, const char *exec_promises);
/* Unveils a path for r, w, x, c; (NULL, NULL) makes it final. */
int exo_unveil(const char *path, const char *permissions);

#ifdef __cplusplus
}
#endif

#include <exo/ring.h>
#include <exo/pool.h>
#include <exo/chan.h>

#endif
