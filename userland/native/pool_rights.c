#include "native.h"

/* As exo_pool_map writes it. */
struct map {
	uint64_t table, table_length, data, data_length;
	uint32_t side, writable, count, in_use;
	struct exo_pool_class classes[8];
};

static const struct exo_pool_class classes[] = {{4096, 4, 0}};

static void pools(void)
{
	struct map map;
	int fd = (int)need(exo_pool_create(classes, 1, 0)), reader = (int)need(exo_pool_join(fd, 0, 0));
	need(syscall(SYS_exo_pool_map, fd, &map));
	is(map.writable, 1);

	note("-- a name would let a reader in as a writer");
	fails(exo_name(reader, "pool", 0666), EACCES);
	fails(exo_attach("pool", EXO_SEND, 0), ENOENT);

	note("-- without the right to write");
	int view = (int)need(exo_cap_clone(fd, EXO_ALL_RIGHTS & ~EXO_RIGHT_WRITE, 0, 0));
	need(syscall(SYS_exo_pool_map, view, &map));
	is(map.writable, 0);
	fails(mprotect((void *)map.data, 4096, PROT_READ | PROT_WRITE), EACCES);
	fails(exo_pool_join(view, 1, 0), EBADF);
	int side = (int)ok(exo_pool_join(view, 0, 0));

	note("-- nor by a name, which no revocation reaches");
	fails(exo_name(view, "pool", 0666), EACCES);
	int blind = (int)need(exo_cap_clone(fd, EXO_RIGHT_MAP, 0, 0));
	fails(syscall(SYS_exo_pool_map, blind, &map), EBADF);
	close(blind);
	close(side);
	close(view);
	close(reader);
	ok(exo_name(fd, "pool", 0600));
	close(fd);
}

static void rings(void)
{
	int fds[2];
	struct {
		uint64_t address, length;
		uint32_t form, shift, side, reserved;
	} map;
	need(exo_ring_create(EXO_MPMC, 3, 0, fds));
	int sender = (int)need(exo_cap_clone(fds[1], EXO_ALL_RIGHTS & ~EXO_RIGHT_WRITE, 0, 0));
	int receiver = (int)need(exo_cap_clone(fds[0], EXO_ALL_RIGHTS & ~EXO_RIGHT_READ, 0, 0));
	fails(syscall(SYS_exo_ring_map, sender, &map), EBADF);
	fails(syscall(SYS_exo_ring_map, receiver, &map), EBADF);
	fails(exo_name(sender, "ring", 0666), EACCES);
	int closed = (int)need(exo_ring_duplicate(fds[1], 0));
	ok(syscall(SYS_exo_ring_close, closed));
	fails(exo_ring_duplicate(closed, 0), EBADF);
	close(closed);
	close(sender);
	close(receiver);
	sender = (int)need(exo_cap_clone(fds[1], EXO_ALL_RIGHTS, 0, 0));
	ok(syscall(SYS_exo_ring_map, sender, &map));
	ok(munmap((void *)map.address, map.length));
	close(sender);
	close(fds[0]);
	close(fds[1]);
}

/* One user can't take all names. */
static void names(void)
{
	CHILD({
		become(1000);
		char name[16];
		int fds[2], count = 0, result = 0;
		while (count < 1024) {
			need(exo_ring_create(EXO_SPSC, 0, 0, fds));
			close(fds[1]);
			snprintf(name, sizeof name, "n%d", count);
			result = exo_name(fds[0], name, 0600);
			if (result < 0)
				break;
			count++;
		}
		is(result, -1);
		is(errno, ENOSPC);
		is(count, 256);
	});
	int fds[2];
	need(exo_ring_create(EXO_SPSC, 0, 0, fds));
	ok(exo_name(fds[0], "n0", 0600));
	close(fds[0]);
	close(fds[1]);
}

NATIVE_TEST("rights on pools and rings: to map, to join, to name")
{
	pools();
	rings();
	names();
}
