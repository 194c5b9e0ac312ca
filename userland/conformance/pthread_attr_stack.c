#include "test.h"
static char *low, *high;

static void *where(void *arg)
{
	char here;
	(void)arg;
	return (void *)(intptr_t)(&here >= low && &here < high);
}
static __attribute__((noinline)) int deep(int n)
{
	volatile char pad[1024];
	pad[0] = 1;
	return n ? deep(n - 1) + pad[0] : 0;
}
static void *use(void *arg) { return (void *)(intptr_t)deep((int)(intptr_t)arg); }
static void *overflow(void *arg) { return (void *)(intptr_t)deep(100000); }

TEST("pthread attributes: own stacks, sizes, guard pages")
{
	pthread_attr_t attr;
	pthread_t thread;
	void *result;
	size_t size = 256 * 1024;
	low = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	high = low + size;
	gives(pthread_attr_init(&attr), 0);
	gives(pthread_attr_setstack(&attr, low, size), 0);
	gives(pthread_create(&thread, &attr, where, NULL), 0);
	gives(pthread_join(thread, &result), 0);
	is((intptr_t)result, 1);
	gives(pthread_attr_init(&attr), 0);
	gives(pthread_attr_setstacksize(&attr, 1), EINVAL);
	gives(pthread_attr_setstacksize(&attr, 4 << 20), 0);
	gives(pthread_create(&thread, &attr, use, (void *)3000), 0);
	gives(pthread_join(thread, &result), 0);
	is((intptr_t)result, 3000);
	pid_t pid;
	SPAWN(pid, {
		need(-pthread_create(&thread, NULL, overflow, NULL));
		need(-pthread_join(thread, NULL));
	});
	ends(pid, "signal SIGSEGV");
}
