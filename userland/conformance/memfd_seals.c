#include "test.h"
static void *map(int fd, int prot, int flags)
{
	return mmap(NULL, 4096, prot, flags, fd, 0);
}
TEST("memfd seals: what can not be done any more, by calls and through mappings")
{
	int plain = (int)ok(memfd_create("plain", 0));
	is(fcntl(plain, F_GET_SEALS), F_SEAL_SEAL);
	fails(fcntl(plain, F_ADD_SEALS, F_SEAL_WRITE), EPERM);

	int fd = (int)ok(memfd_create("sealed", MFD_ALLOW_SEALING));
	is(fcntl(fd, F_GET_SEALS), 0);
	ok(ftruncate(fd, 4096));
	fails(fcntl(fd, F_ADD_SEALS, 0x4000), EINVAL);

	ok(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	fails(ftruncate(fd, 100), EPERM);
	ok(ftruncate(fd, 8192));
	ok(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	fails(ftruncate(fd, 9000), EPERM);
	fails(pwrite(fd, "x", 1, 8192), EPERM);
	is(pwrite(fd, "x", 1, 8191), 1);

	/* A shared mapping that may be written, even one to read only for now, keeps the seal away. */
	void *one = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	holds(one != MAP_FAILED);
	fails(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	void *two = map(fd, PROT_READ, MAP_SHARED);
	ok(munmap(one, 4096));
	fails(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	ok(munmap(two, 4096));
	/* A private one does not. */
	char *private = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	holds(private != MAP_FAILED);
	ok(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	*private = 'p';
	ok(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	fails(pwrite(fd, "y", 1, 0), EPERM);
	fails(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED ? -1 : 0, EPERM);
	holds(map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE) != MAP_FAILED);
	is(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	ok(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
	fails(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), EPERM);

	/* Later stores only: what is mapped stays writable, what comes is to be read only. */
	int later = (int)ok(memfd_create("later", MFD_ALLOW_SEALING));
	ok(ftruncate(later, 4096));
	char *before = map(later, PROT_READ | PROT_WRITE, MAP_SHARED);
	ok(fcntl(later, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	*before = 'b';
	CHILD(*before = 'c');
	is(*before, 'c');
	fails(map(later, PROT_READ | PROT_WRITE, MAP_SHARED) == MAP_FAILED ? -1 : 0, EPERM);
	void *after = map(later, PROT_READ, MAP_SHARED);
	holds(after != MAP_FAILED);
	fails(mprotect(after, 4096, PROT_READ | PROT_WRITE), EACCES);
	fails(pwrite(later, "y", 1, 0), EPERM);
}
