#include "test.h"
#include <linux/futex.h>
#include <sched.h>

static char stack[65536];
static volatile int parent_tid, child_tid, seen_child;

static int look(void *arg)
{
	seen_child = child_tid == (int)syscall(SYS_gettid);
	(void)arg;
	return 0;
}

TEST("clone: PARENT_SETTID, CHILD_SETTID, CHILD_CLEARTID and set_tid_address")
{
	int flags = CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD;
	pid_t pid = (pid_t)need(clone(look, stack + sizeof stack, flags, NULL, &parent_tid, NULL, &child_tid));
	ends(pid, "exit 0");
	is(parent_tid == pid, 1);
	is(seen_child, 1);
	is(child_tid == pid, 1);
	/* Without CLONE_VM only the child's copy is written. */
	child_tid = -5;
	pid = (pid_t)need(clone(look, stack + sizeof stack, CLONE_CHILD_SETTID | SIGCHLD, NULL, NULL, NULL, &child_tid));
	ends(pid, "exit 0");
	is(child_tid, -5);
	/* CLEARTID: zeroed and woken at the end of the child. */
	child_tid = 1;
	pid = (pid_t)clone(look, stack + sizeof stack, CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, NULL, NULL, NULL, &child_tid);
	if (pid < 0) /* musl keeps the flag to itself since 1.2.5 */
		return;
	while (child_tid)
		syscall(SYS_futex, &child_tid, FUTEX_WAIT, 1, NULL);
	is(child_tid, 0);
	ends(pid, "exit 0");
	is(syscall(SYS_set_tid_address, &child_tid) == syscall(SYS_gettid), 1);
	/* A bad parent pointer does not stop the child from being made. */
	pid = (pid_t)syscall(SYS_clone, CLONE_CHILD_SETTID | SIGCHLD, NULL, NULL, (int *)8, NULL);
	if (pid == 0)
		_exit(3);
	ends(pid, "exit 3");
}
