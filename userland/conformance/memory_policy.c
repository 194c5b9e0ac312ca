#include "test.h"
#include <linux/mempolicy.h>

#ifndef MPOL_PREFERRED_MANY
#define MPOL_PREFERRED_MANY 5
#endif

static long set(int mode, const unsigned long *mask, unsigned long bits)
{
	return syscall(SYS_set_mempolicy, mode, mask, bits);
}
static long get(int *mode, unsigned long *mask, unsigned long bits, void *addr, unsigned long flags)
{
	return syscall(SYS_get_mempolicy, mode, mask, bits, addr, flags);
}

TEST("memory policies on a machine with one node; getcpu's node")
{
	unsigned long mask[32] = {1}, got[32];
	unsigned cpu = 99, node = 99;
	int mode = -1;
	ok(syscall(SYS_getcpu, &cpu, &node, NULL));
	is(node, 0);
	ok(get(&mode, NULL, 0, NULL, 0));
	is(mode, MPOL_DEFAULT);
	memset(got, 0xff, sizeof got);
	ok(get(&mode, got, 256, NULL, MPOL_F_MEMS_ALLOWED));
	is(got[0] == 1 && got[1] == 0 && got[3] == 0 && got[4] == ~0ul, 1);
	fails(get(NULL, got, 0, NULL, MPOL_F_MEMS_ALLOWED), EINVAL);
	fails(get(NULL, NULL, 0, NULL, MPOL_F_MEMS_ALLOWED | MPOL_F_ADDR), EINVAL);
	fails(get(NULL, NULL, 0, NULL, 8), EINVAL);
	fails(get(NULL, NULL, 0, mask, 0), EINVAL);
	fails(get(&mode, NULL, 0, NULL, MPOL_F_NODE), EINVAL);
	ok(get(&mode, NULL, 0, mask, MPOL_F_NODE | MPOL_F_ADDR));
	is(mode, 0);
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(get(&mode, NULL, 0, page, MPOL_F_NODE | MPOL_F_ADDR));
	munmap(page, 4096);
	fails(get(&mode, NULL, 0, page, MPOL_F_NODE | MPOL_F_ADDR), EFAULT);
	fails(get(&mode, NULL, 0, page, MPOL_F_ADDR), EFAULT);
	fails(get((int *)8, NULL, 0, NULL, 0), EFAULT);

	ok(set(MPOL_BIND, mask, 64));
	ok(get(&mode, got, 64, NULL, 0));
	is(mode, MPOL_BIND);
	is(got[0], 1);
	CHILD(ok(get(&mode, NULL, 0, NULL, 0)); is(mode, MPOL_BIND));
	/* Of a range of memory: not what the thread has. */
	ok(get(&mode, NULL, 0, mask, MPOL_F_ADDR));
	is(mode, MPOL_DEFAULT);
	ok(set(MPOL_INTERLEAVE, mask, 2));
	ok(get(&mode, NULL, 0, NULL, MPOL_F_NODE));
	is(mode, 0);
	mask[0] = 3;
	ok(set(MPOL_PREFERRED, mask, 64));
	ok(get(&mode, got, 64, NULL, 0));
	is(mode, MPOL_PREFERRED);
	is(got[0], 1);
	ok(set(MPOL_PREFERRED_MANY, mask, 64));
	ok(set(MPOL_PREFERRED, NULL, 0));
	ok(get(&mode, got, 64, NULL, 0));
	is(mode, MPOL_LOCAL);
	is(got[0], 0);
	ok(set(MPOL_LOCAL, NULL, 0));
	ok(set(MPOL_BIND | MPOL_F_STATIC_NODES, mask, 64));
	ok(get(&mode, NULL, 0, NULL, 0));
	is(mode, MPOL_BIND | MPOL_F_STATIC_NODES);
	ok(set(MPOL_DEFAULT, NULL, 0));
	ok(get(&mode, NULL, 0, NULL, 0));
	is(mode, MPOL_DEFAULT);

	fails(set(MPOL_DEFAULT, mask, 64), EINVAL);
	fails(set(MPOL_LOCAL, mask, 64), EINVAL);
	fails(set(MPOL_BIND, NULL, 0), EINVAL);
	fails(set(77, mask, 64), EINVAL);
	fails(set(MPOL_BIND | MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES, mask, 64), EINVAL);
	mask[0] = 2;
	fails(set(MPOL_BIND, mask, 64), EINVAL);
	fails(set(MPOL_PREFERRED, mask, 64), EINVAL);
	mask[0] = 1;
	fails(set(MPOL_BIND, mask, 1), EINVAL);
	fails(set(MPOL_BIND, (void *)8, 64), EFAULT);
	fails(set(MPOL_BIND, mask, 1 << 20), EINVAL);
	mask[16] = 1;
	fails(set(MPOL_BIND, mask, 2000), EINVAL);
	ok(set(MPOL_BIND, mask, 1024));
	ok(set(MPOL_DEFAULT, NULL, 0));
}
