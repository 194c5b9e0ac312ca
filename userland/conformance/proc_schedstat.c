#include "sched_attr.h"

static long long numbers[3];

static int read_schedstat(const char *path)
{
	return sscanf(get_file(path), "%lld %lld %lld", &numbers[0], &numbers[1], &numbers[2]);
}

/* The value of a row of /proc/PID/sched, as text. */
static const char *row(const char *name)
{
	static char value[64];
	const char *at = strstr(get_file("/proc/self/sched"), name);
	value[0] = 0;
	if (at && (at = strchr(at, ':')))
		sscanf(at + 1, " %63s", value);
	return value;
}

TEST("/proc/PID/sched, /proc/PID/schedstat, /proc/schedstat, /proc/loadavg: what the scheduler counts")
{
	stay_on_first_cpu();
	is(read_schedstat("/proc/self/schedstat"), 3);
	long long ran = numbers[0], waited = numbers[1], turns = numbers[2];
	spin_ms(30);
	for (int i = 0; i < 5; i++)
		sleep_ms(2);
	is(read_schedstat("/proc/self/schedstat"), 3);
	holds(numbers[0] - ran >= 25000000 && numbers[0] - ran < 300000000);
	holds(numbers[1] >= waited);
	holds(numbers[2] >= turns + 5);
	is(read_schedstat("/proc/thread-self/schedstat"), 3);
	/* One that competes waits as long as the other one runs. */
	pid_t pid;
	waited = numbers[1];
	volatile int *begun = shared(sizeof *begun);
	SPAWN(pid, {
		*begun = 1;
		spin_ms(100);
	});
	while (!*begun)
		sched_yield();
	spin_ms(100);
	ends(pid, "exit 0");
	is(read_schedstat("/proc/self/schedstat"), 3);
	holds(numbers[1] - waited > 20000000);

	char first[64];
	sscanf(get_file("/proc/self/sched"), "%63[^(]", first);
	text_is(first, "proc_schedstat ");
	text_is(row("\npolicy"), "0");
	text_is(row("\nprio"), "120");
	text_is(row("\nse.load.weight"), "1048576");
	ok(setpriority(PRIO_PROCESS, 0, 5));
	text_is(row("\nprio"), "125");
	text_is(row("\nse.load.weight"), "343040");
	ok(set_policy(0, SCHED_FIFO, 30));
	text_is(row("\npolicy"), "1");
	text_is(row("\nprio"), "69");
	ok(set_policy(0, SCHED_OTHER, 0));

	int version = 0;
	is(sscanf(get_file("/proc/schedstat"), "version %d\ntimestamp %*u\n", &version), 1);
	is(version, 15);
	holds(strstr(get_file("/proc/schedstat"), "\ncpu0 ") != NULL);
	double load[3];
	int running = 0, all = 0;
	is(sscanf(get_file("/proc/loadavg"), "%lf %lf %lf %d/%d", &load[0], &load[1], &load[2], &running, &all), 5);
	holds(running >= 1 && all >= running);
	text_is(get_file("/proc/sys/kernel/sched_rt_runtime_us"), "950000\n");
	text_is(get_file("/proc/sys/kernel/sched_rt_period_us"), "1000000\n");
	text_is(get_file("/proc/sys/kernel/sched_rr_timeslice_ms"), "100\n");
}
