#include "test.h"
#include <linux/futex.h>
#include <stddef.h>

struct lock {
	struct robust_list node;
	int word;
};

static struct lock *locks;
static struct robust_list_head head;

TEST("robust list: the kernel marks the locks of a dead thread and wakes one waiter")
{
	locks = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fails(syscall(SYS_set_robust_list, &head, sizeof head + 1), EINVAL);
	ok(syscall(SYS_set_robust_list, &head, sizeof head));
	struct robust_list_head *got = NULL;
	size_t length = 0;
	ok(syscall(SYS_get_robust_list, 0, &got, &length));
	holds(got == &head);
	is(length, sizeof head);
	fails(syscall(SYS_get_robust_list, 0, (void *)8, &length), EFAULT);

	pid_t owner;
	struct gate locked = new_gate(), die = new_gate();
	SPAWN(owner, {
		int tid = (int)syscall(SYS_gettid);
		head.list.next = &locks[0].node;
		locks[0].node.next = &locks[1].node;
		locks[1].node.next = &locks[2].node;
		locks[2].node.next = &head.list;
		head.futex_offset = offsetof(struct lock, word);
		locks[0].word = tid;
		locks[1].word = tid | (int)FUTEX_WAITERS;
		/* Somebody else's. */
		locks[2].word = 1;
		need(syscall(SYS_set_robust_list, &head, sizeof head));
		pass_gate(locked);
		wait_gate(die);
	});
	wait_gate(locked);
	pid_t waiter;
	SPAWN(waiter, is(syscall(SYS_futex, &locks[1].word, FUTEX_WAIT, locks[1].word, NULL), 0));
	holds(await_state(waiter, 'S'));
	pass_gate(die);
	ends(owner, "exit 0");
	ends(waiter, "exit 0");
	is((unsigned)locks[0].word == FUTEX_OWNER_DIED, 1);
	is((unsigned)locks[1].word == (FUTEX_OWNER_DIED | FUTEX_WAITERS), 1);
	is(locks[2].word, 1);
}
