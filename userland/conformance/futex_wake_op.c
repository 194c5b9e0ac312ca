#include "test.h"
#include <linux/futex.h>

static int one, two;

static const char *op(int oparg, int operation, int cmp, int cmparg, int initial, int wanted)
{
	static char text[96];
	two = initial;
	long r = syscall(SYS_futex, &one, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two,
			 FUTEX_OP(operation, oparg, cmp, cmparg));
	snprintf(text, sizeof text, "%ld, word %d", r, two);
	(void)wanted;
	return text;
}

static int ready;

static void *waiter(void *arg)
{
	__atomic_store_n(&ready, (int)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	while (syscall(SYS_futex, arg, FUTEX_WAIT_PRIVATE, 5, NULL) < 0 && errno == EINTR)
		;
	return NULL;
}

TEST("futex: WAKE_OP changes the second word and wakes by its old value")
{
	text_is(op(7, FUTEX_OP_SET, FUTEX_OP_CMP_EQ, 0, 3, 7), "0, word 7");
	text_is(op(4, FUTEX_OP_ADD, FUTEX_OP_CMP_EQ, 0, 3, 7), "0, word 7");
	text_is(op(4, FUTEX_OP_OR, FUTEX_OP_CMP_EQ, 0, 3, 7), "0, word 7");
	text_is(op(1, FUTEX_OP_ANDN, FUTEX_OP_CMP_EQ, 0, 3, 2), "0, word 2");
	text_is(op(1, FUTEX_OP_XOR, FUTEX_OP_CMP_EQ, 0, 3, 2), "0, word 2");
	text_is(op(3, FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT, FUTEX_OP_CMP_EQ, 0, 0, 8), "0, word 8");
	text_is(op(-1, FUTEX_OP_ADD, FUTEX_OP_CMP_LT, 0, 3, 2), "0, word 2");
	fails(syscall(SYS_futex, &one, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two, FUTEX_OP(6, 0, 0, 0)), ENOSYS);
	fails(syscall(SYS_futex, &one, FUTEX_WAKE_OP_PRIVATE, 1, 1, (int *)8, FUTEX_OP(0, 0, 0, 0)), EFAULT);

	static const struct { int cmp, arg, wakes; } cases[] = {
		{FUTEX_OP_CMP_EQ, 5, 1}, {FUTEX_OP_CMP_EQ, 6, 0}, {FUTEX_OP_CMP_NE, 6, 1}, {FUTEX_OP_CMP_LT, 6, 1},
		{FUTEX_OP_CMP_LE, 5, 1}, {FUTEX_OP_CMP_GT, 5, 0}, {FUTEX_OP_CMP_GE, 5, 1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		pthread_t thread;
		two = 5;
		ready = 0;
		need(-pthread_create(&thread, NULL, waiter, &two));
		while (!__atomic_load_n(&ready, __ATOMIC_SEQ_CST))
			sched_yield();
		holds(await_state(ready, 'S'));
		is(syscall(SYS_futex, &one, FUTEX_WAKE_OP_PRIVATE, 1, 1, &two, FUTEX_OP(FUTEX_OP_SET, 9, cases[i].cmp, cases[i].arg)), cases[i].wakes);
		is(two, 9);
		is(syscall(SYS_futex, &two, FUTEX_WAKE_PRIVATE, 1), !cases[i].wakes);
		gives(pthread_join(thread, NULL), 0);
	}
}
