#include "test.h"
#include <sys/sysinfo.h>

/*
 * Whatever the number of CPUs, the output is the same: each check speaks of all of them at once.
 */
static int cpus;
static int spinning, stop;
static pid_t spinner_tid;

static int here(void)
{
	unsigned cpu = ~0u, node = ~0u;
	if (syscall(SYS_getcpu, &cpu, &node, NULL) != 0 || node != 0)
		return -1;
	return (int)cpu;
}

static int confine(pid_t tid, int cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(tid, sizeof set, &set);
}

/* Field 39 of /proc/self/task/TID/stat: the CPU that the thread is on. */
static int cpu_of(pid_t tid)
{
	char path[64], line[1024];
	snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
	FILE *file = fopen(path, "r");
	if (!file || !fgets(line, sizeof line, file))
		return -1;
	fclose(file);
	char *at = strrchr(line, ')');
	for (int field = 2; at && field < 39; field++)
		at = strchr(at + 1, ' ');
	return at ? atoi(at + 1) : -1;
}

static void *spinner(void *arg)
{
	spinner_tid = (pid_t)syscall(SYS_gettid);
	__atomic_store_n(&spinning, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		;
	return NULL;
}

TEST("sched: threads run where their affinity says, and get there at once")
{
	cpu_set_t all, set;
	ok(sched_getaffinity(0, sizeof all, &all));
	cpus = CPU_COUNT(&all);
	holds(cpus == get_nprocs());
	holds(cpus == sysconf(_SC_NPROCESSORS_ONLN));

	/* The thread itself is on the only CPU allowed when the call returns, both by the call and by the vDSO. */
	int wrong = 0;
	for (int round = 0; round < 50; round++) {
		int cpu = round % cpus;
		wrong += confine(0, cpu) != 0 || here() != cpu || sched_getcpu() != cpu;
		sched_yield();
		wrong += here() != cpu;
		sleep_ms(1);
		wrong += here() != cpu || sched_getcpu() != cpu;
	}
	is(wrong, 0);

	/* What it makes inherits that. */
	ok(confine(0, cpus - 1));
	CHILD({
		cpu_set_t own;
		ok(sched_getaffinity(0, sizeof own, &own));
		is(CPU_COUNT(&own), 1);
		holds(CPU_ISSET(cpus - 1, &own));
		holds(here() == cpus - 1);
	});

	/* A thread that never enters the kernel by itself is moved, too. */
	ok(sched_setaffinity(0, sizeof all, &all));
	pthread_t thread;
	gives(pthread_create(&thread, NULL, spinner, NULL), 0);
	while (!__atomic_load_n(&spinning, __ATOMIC_SEQ_CST))
		sched_yield();
	wrong = 0;
	for (int round = 0; round < 20; round++) {
		int cpu = round % cpus, tries = 0;
		wrong += confine(spinner_tid, cpu) != 0;
		while (cpu_of(spinner_tid) != cpu && ++tries < 1000)
			sleep_ms(1);
		wrong += tries == 1000;
	}
	is(wrong, 0);
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	gives(pthread_join(thread, NULL), 0);

	/* A mask without a CPU that is there changes nothing. */
	ok(confine(0, 0));
	CPU_ZERO(&set);
	CPU_SET(63, &set);
	fails(sched_setaffinity(0, sizeof set, &set), EINVAL);
	ok(sched_getaffinity(0, sizeof set, &set));
	is(CPU_COUNT(&set), 1);
	/* One that has others, too, is taken; only those that are there are told. */
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	CPU_SET(63, &set);
	ok(sched_setaffinity(0, sizeof set, &set));
	ok(sched_getaffinity(0, sizeof set, &set));
	is(CPU_COUNT(&set), 1);
	holds(here() == 0);
}
