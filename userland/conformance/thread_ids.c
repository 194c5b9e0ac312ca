#include "test.h"
static pid_t tid, tgid;

static void *look(void *arg)
{
	tid = (pid_t)syscall(SYS_gettid);
	tgid = getpid();
	return arg;
}

TEST("thread ids: gettid, getpid, tgkill across threads and processes")
{
	is(syscall(SYS_gettid) == getpid(), 1);
	pthread_t thread;
	need(-pthread_create(&thread, NULL, look, NULL));
	need(-pthread_join(thread, NULL));
	is(tgid == getpid(), 1);
	is(tid == tgid, 0);
	ok(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0));
	ok(syscall(SYS_tkill, syscall(SYS_gettid), 0));
	fails(syscall(SYS_tgkill, getppid(), syscall(SYS_gettid), 0), ESRCH);
	fails(syscall(SYS_tgkill, -1, syscall(SYS_gettid), 0), EINVAL);
	fails(syscall(SYS_tgkill, getpid(), 0, 0), EINVAL);
	fails(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 65), EINVAL);
	fails(syscall(SYS_tkill, 0, 0), EINVAL);
	CHILD(is(getppid() != getpid(), 1));
}
