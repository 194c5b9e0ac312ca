#include "test.h"
#include "filter.h"
#include <semaphore.h>
static sem_t ready, go, done;
static int seen;
static long other_tid;
static void *worker(void *own_filter)
{
	other_tid = syscall(SYS_gettid);
	if (own_filter) {
		FILTER(own, NUMBER, IF(SYS_getsid, SECCOMP_RET_ERRNO | EXDEV), ANSWER(SECCOMP_RET_ALLOW));
		need(seccomp(SECCOMP_SET_MODE_FILTER, 0, &own));
	}
	sem_post(&ready);
	sem_wait(&go);
	seen = syscall(SYS_getppid) == -1 ? errno : 0;
	sem_post(&done);
	return NULL;
}
static int sync_with(int own_filter, unsigned flags, int *result)
{
	pthread_t thread;
	pthread_create(&thread, NULL, worker, own_filter ? &seen : NULL);
	sem_wait(&ready);
	FILTER(all, NUMBER, IF(SYS_getppid, SECCOMP_RET_ERRNO | ENOLCK), ANSWER(SECCOMP_RET_ALLOW));
	long answer = seccomp(SECCOMP_SET_MODE_FILTER, flags, &all);
	*result = answer == 0 ? 0 : answer == other_tid ? 1 : errno;
	sem_post(&go);
	sem_wait(&done);
	pthread_join(thread, NULL);
	return seen;
}
TEST("seccomp: a filter for one thread, or for all of them at once")
{
	sem_init(&ready, 0, 0);
	sem_init(&go, 0, 0);
	sem_init(&done, 0, 0);
	ok(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	int result;
	CHILD({ is(sync_with(0, 0, &result), 0); is(result, 0); });
	CHILD({ is(sync_with(0, SECCOMP_FILTER_FLAG_TSYNC, &result), ENOLCK); is(result, 0); });
	/* One that has a filter of its own can not be brought in line: nobody is. */
	CHILD({ is(sync_with(1, SECCOMP_FILTER_FLAG_TSYNC, &result), 0); is(result, 1); is(prctl(PR_GET_SECCOMP), 0); });
	CHILD({
		is(sync_with(1, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, &result), 0);
		is(result, ESRCH);
	});
	/* A new thread starts with what its maker has. */
	CHILD({
		FILTER(all, NUMBER, IF(SYS_getppid, SECCOMP_RET_ERRNO | EDOM), ANSWER(SECCOMP_RET_ALLOW));
		ok(seccomp(SECCOMP_SET_MODE_FILTER, 0, &all));
		is(sync_with(1, 0, &result), EDOM);
	});
}
