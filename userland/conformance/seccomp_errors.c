#include "test.h"
#include "filter.h"
static long install(struct sock_filter *code, size_t length)
{
	struct sock_fprog program = {length, code};
	pid_t child = fork();
	if (child == 0)
		_exit(seccomp(SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : errno);
	int status;
	waitpid(child, &status, 0);
	if (status == 0)
		return 0;
	errno = WEXITSTATUS(status);
	return -1;
}
#define ONE(...) install((struct sock_filter[]){__VA_ARGS__}, LENGTH(((struct sock_filter[]){__VA_ARGS__})))
#define RETURN BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
TEST("seccomp: which programs, operations and flags are refused")
{
	FILTER(any, ANSWER(SECCOMP_RET_ALLOW));
	fails(seccomp(99, 0, NULL), EINVAL);
	fails(seccomp(SECCOMP_SET_MODE_STRICT, 1, NULL), EINVAL);
	fails(seccomp(SECCOMP_SET_MODE_STRICT, 0, &any), EINVAL);
	fails(seccomp(SECCOMP_SET_MODE_FILTER, 0x8000, &any), EINVAL);
	fails(seccomp(SECCOMP_SET_MODE_FILTER, 0, NULL), EFAULT);
	fails(prctl(PR_SET_SECCOMP, 3, NULL), EINVAL);
	fails(seccomp(SECCOMP_GET_ACTION_AVAIL, 1, NULL), EINVAL);
	fails(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, NULL), EFAULT);
	unsigned actions[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
		SECCOMP_RET_TRACE, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW};
	for (size_t i = 0; i < LENGTH(actions); i++)
		ok(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &actions[i]));
	unsigned unknown = 0x12340000;
	fails(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &unknown), EOPNOTSUPP);

	/* Without privilege only those who promise to gain none. */
	CHILD({ need(setuid(1000)); fails(seccomp(SECCOMP_SET_MODE_FILTER, 0, &any), EACCES); });
	CHILD({ need(setuid(1000)); prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); ok(seccomp(SECCOMP_SET_MODE_FILTER, 0, &any)); });
	CHILD({ struct sock_fprog bad = {1, (void *)8}; fails(seccomp(SECCOMP_SET_MODE_FILTER, 0, &bad), EFAULT); });

	fails(install(NULL, 0), EINVAL);
	static struct sock_filter many[4097];
	for (size_t i = 0; i < LENGTH(many); i++)
		many[i] = (struct sock_filter)RETURN;
	ok(install(many, 4096));
	fails(install(many, 4097), EINVAL);
	ok(ONE(RETURN));
	fails(ONE(BPF_STMT(BPF_LD | BPF_IMM, 1)), EINVAL);
	fails(ONE(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), RETURN), EINVAL);
	fails(ONE(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), RETURN), EINVAL);
	ok(ONE(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 60), RETURN));
	fails(ONE(BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), RETURN), EINVAL);
	fails(ONE(BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), RETURN), EINVAL);
	fails(ONE(BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), RETURN), EINVAL);
	ok(ONE(BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), RETURN));
	fails(ONE(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), RETURN), EINVAL);
	ok(ONE(BPF_STMT(BPF_LDX | BPF_IMM, 2), BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0), RETURN));
	fails(ONE(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), RETURN), EINVAL);
	fails(ONE(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), RETURN), EINVAL);
	ok(ONE(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 31), BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0), RETURN));
	ok(ONE(BPF_STMT(BPF_LD | BPF_IMM, 0x80010000), BPF_STMT(BPF_ALU | BPF_NEG, 0), BPF_STMT(BPF_RET | BPF_A, 0)));
	fails(ONE(BPF_STMT(BPF_RET | BPF_X, 0), RETURN), EINVAL);
	fails(ONE(BPF_STMT(BPF_ST, 16), RETURN), EINVAL);
	fails(ONE(BPF_STMT(BPF_LD | BPF_MEM, 3), RETURN), EINVAL);
	ok(ONE(BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_MEM, 3), RETURN));
	fails(ONE(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_ST, 3), BPF_STMT(BPF_LD | BPF_MEM, 3), RETURN), EINVAL);
	fails(ONE(BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), RETURN), EINVAL);
	fails(ONE(BPF_JUMP(BPF_JMP | BPF_JA, 0xffffffff, 0, 0), RETURN), EINVAL);
	fails(ONE(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0, 0, 1), RETURN), EINVAL);
	ok(ONE(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_X, 0, 1, 0), RETURN, RETURN));
	fails(ONE(BPF_STMT(0xffff, 0), RETURN), EINVAL);
	/* Not any number of filters: how many depends on how they are kept. */
	struct sock_fprog large = {4096, many};
	CHILD({
		while (seccomp(SECCOMP_SET_MODE_FILTER, 0, &large) == 0)
			;
		is(errno, ENOMEM);
	});
}
