/* Writing seccomp filters: a list of instructions, installed by a call. */
#ifndef FILTER_H
#define FILTER_H
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ARGUMENT(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
/* Gives the answer if the accumulator is `value`; else goes on. */
#define IF(value, answer) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1), ANSWER(answer)
#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define FILTER(name, ...) \
	struct sock_filter name##_code[] = {__VA_ARGS__}; \
	struct sock_fprog name = {LENGTH(name##_code), name##_code}

static inline long seccomp(unsigned operation, unsigned flags, void *args)
{
	return syscall(SYS_seccomp, operation, flags, args);
}
#endif
