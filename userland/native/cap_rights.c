#include "native.h"
#include <sys/eventfd.h>
#include <sys/timerfd.h>

static struct exo_cap_info info_of(int fd)
{
	struct exo_cap_info info = {0};
	need(exo_cap_info(fd, &info));
	return info;
}

NATIVE_TEST("capabilities: fewer rights, badges, kinds")
{
	char byte = 'x';
	put_file("f", "content");
	int fd = (int)need(open("f", O_RDWR));
	is(info_of(fd).state, 0);
	is(info_of(fd).place, 0);
	holds((info_of(fd).rights & (EXO_RIGHT_READ | EXO_RIGHT_WRITE)) == (EXO_RIGHT_READ | EXO_RIGHT_WRITE));

	int reader = exo_cap_clone(fd, EXO_RIGHT_READ | EXO_RIGHT_DUP | EXO_RIGHT_STAT, 0x1234, O_CLOEXEC);
	ok(reader);
	is(fcntl(reader, F_GETFD), FD_CLOEXEC);
	is(info_of(reader).badge, 0x1234);
	is(info_of(reader).state, EXO_CAP_DERIVED);
	is(info_of(reader).rights, EXO_RIGHT_READ | EXO_RIGHT_DUP | EXO_RIGHT_STAT);
	is(read(reader, &byte, 1), 1);
	fails(write(reader, &byte, 1), EBADF);
	fails(lseek(reader, 0, SEEK_SET), EBADF);
	fails(ftruncate(reader, 0), EBADF);
	fails(syscall(SYS_fchmod, reader, 0600), EBADF);
	ok(syscall(SYS_fstat, reader, &(struct stat){0}));
	holds(mmap(NULL, 4096, PROT_READ, MAP_SHARED, reader, 0) == MAP_FAILED);

	note("-- rights only shrink");
	int again = exo_cap_clone(reader, EXO_ALL_RIGHTS, 7, 0);
	is(info_of(again).rights, EXO_RIGHT_READ | EXO_RIGHT_DUP | EXO_RIGHT_STAT);
	is(info_of(again).badge, 7);
	is(info_of(again).parent, info_of(reader).place);
	int lonely = exo_cap_clone(fd, EXO_RIGHT_READ, 0, 0);
	fails(exo_cap_clone(lonely, EXO_RIGHT_READ, 0, 0), EBADF);
	fails(dup(lonely), EBADF);
	fails(fcntl(lonely, F_DUPFD, 0), EBADF);
	ok(exo_cap_restrict(fd, EXO_ALL_RIGHTS & ~EXO_RIGHT_WRITE));
	fails(write(fd, &byte, 1), EBADF);
	is(info_of(fd).state, EXO_CAP_DERIVED);
	ok(lseek(fd, 0, SEEK_SET));

	note("-- a memory mapping has no more rights than the capability");
	int both = (int)need(open("f", O_RDWR));
	int view = exo_cap_clone(both, EXO_RIGHT_READ | EXO_RIGHT_MAP, 0, 0);
	char *memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, view, 0);
	holds(memory != MAP_FAILED && !memcmp(memory, "content", 7));
	fails(mprotect(memory, 4096, PROT_READ | PROT_WRITE), EACCES);
	fails(mprotect(memory, 4096, PROT_READ | PROT_EXEC), EACCES);
	holds(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, view, 0) == MAP_FAILED);

	note("-- what is derived cannot be opened anew, with more rights");
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", view);
	fails(open(path, O_RDWR), EACCES);
	fails(open(path, O_RDONLY), EACCES);
	fails(chmod(path, 0600), EACCES);

	note("-- ancestors");
	is(exo_cap_check(again, reader), 1);
	is(exo_cap_check(reader, again), 0);
	is(exo_cap_check(again, again), 1);
	is(exo_cap_check(view, both), 1);
	is(exo_cap_check(view, reader), 0);
	fails(exo_cap_check(view, 99), EBADF);

	note("-- kinds");
	int p[2];
	need(pipe(p));
	is(info_of(p[0]).kind, EXO_KIND_CHANNEL);
	is(info_of(both).kind, EXO_KIND_FILE);
	is(info_of((int)need(eventfd(0, 0))).kind, EXO_KIND_EVENT);
	is(info_of((int)need(memfd_create("m", 0))).kind, EXO_KIND_MEMORY);
	is(info_of((int)need(timerfd_create(CLOCK_MONOTONIC, 0))).kind, EXO_KIND_TIMER);
	is(info_of((int)need(exo_cap_open(EXO_KIND_PROCESS, getpid(), 0))).kind, EXO_KIND_PROCESS);
	is(info_of((int)need(exo_cap_open(EXO_KIND_THREAD, gettid(), 0))).kind, EXO_KIND_THREAD);
	is(info_of((int)need(exo_cap_open(EXO_KIND_SPACE, getpid(), 0))).kind, EXO_KIND_SPACE);

	note("-- bad arguments");
	fails(exo_cap_clone(fd, 1 << 16, 0, 0), EINVAL);
	fails(exo_cap_clone(fd, 1UL << 31, 0, 0), EINVAL);
	fails(exo_cap_clone(fd, EXO_RIGHT_READ, 0, O_APPEND), EINVAL);
	fails(exo_cap_clone(99, EXO_RIGHT_READ, 0, 0), EBADF);
	fails(exo_cap_restrict(-1, EXO_RIGHT_READ), EBADF);
	fails(exo_cap_restrict(fd, ~0UL), EINVAL);
	fails(exo_cap_revoke(fd, 2), EINVAL);
	fails(exo_cap_info(fd, NULL), EFAULT);
	fails(exo_cap_open(EXO_KIND_FILE, 1, 0), EINVAL);
	fails(exo_cap_open(EXO_KIND_PROCESS, 1 << 22, 0), ESRCH);

	note("-- a chain has an end");
	int chain = (int)need(exo_cap_clone(both, EXO_ALL_RIGHTS, 0, 0)), length = 1;
	for (int next; (next = exo_cap_clone(chain, EXO_ALL_RIGHTS, 0, 0)) >= 0; length++) {
		close(chain);
		chain = next;
	}
	is(errno, EMLINK);
	is(length, 64);
}
