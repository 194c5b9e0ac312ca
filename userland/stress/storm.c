/*
 * Storms on all CPUs at once, for a number of seconds. Each storm checks what it gets back; the parent watches that
 * every one gets on, and says now and then how far they are and what the kernel holds.
 *
 *   storm [SECONDS [STORM...]]
 *
 * Ends with 0 if all went well; says what did not otherwise.
 */
#include "files.h"
#include "memory.h"
#include "processes.h"
#include "signals.h"
#include "waiting.h"

/* A storm that does not get on for so long has hung; the parent speaks as often as the other says. */
enum { STALL_SECONDS = 60, SPEAK_SECONDS = 15 };

static const struct {
	const char *name;
	void (*run)(void);
} storms[] = {
	{"fork", fork_storm}, {"exec", exec_storm}, {"reexec", reexec_storm}, {"kill", kill_storm},
	{"stop", stop_storm}, {"group", group_storm}, {"thread", thread_storm}, {"look", look_storm},
	{"map", map_storm}, {"shoot", shoot_storm}, {"cut", cut_storm}, {"futex", futex_storm},
	{"pass", pass_storm}, {"requeue", requeue_storm}, {"pipe", pipe_storm}, {"poll", poll_storm},
	{"epoll", epoll_storm}, {"signal", signal_storm}, {"timer", timer_storm}, {"terminal", terminal_storm},
	{"file", file_storm}, {"rights", rights_storm}, {"lock", lock_storm}, {"move", move_storm},
};
enum { STORMS = sizeof storms / sizeof storms[0] };

static int chosen(int argc, char **argv, const char *name)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return 1;
	return argc <= 2;
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned long rounds_of(int storm)
{
	return __atomic_load_n(&board->storm[storm].rounds, __ATOMIC_RELAXED);
}

/* What the kernel counts of its objects, where it does. */
static void show_objects(FILE *to)
{
	static const char *const shown[] = {"frames", "heap-bytes", "address-spaces", "open-files", "threads", "processes"};
	FILE *objects = fopen("/proc/exo/objects", "re");
	char name[64];
	unsigned long count;
	while (objects && fscanf(objects, "%63s %lu", name, &count) == 2)
		for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
			if (strcmp(name, shown[i]) == 0)
				fprintf(to, ", %s %lu", name, count);
	if (objects)
		fclose(objects);
}

static void speak(int seconds, const pid_t *pids)
{
	unsigned long sum = 0;
	int slowest = -1;
	for (int i = 0; i < STORMS; i++) {
		sum += rounds_of(i);
		if (pids[i] && (slowest < 0 || rounds_of(i) < rounds_of(slowest)))
			slowest = i;
	}
	if (slowest < 0)
		return;
	fprintf(stderr, "storm: %d s, %lu rounds, fewest %lu of %s", seconds, sum, rounds_of(slowest), storms[slowest].name);
	show_objects(stderr);
	fputc('\n', stderr);
}

/* Reaps those that have ended; tells how many, or -1 if one of them failed. */
static int reap(pid_t *pids)
{
	int ended = 0;
	for (int i = 0; i < STORMS; i++) {
		int status;
		if (pids[i] == 0 || waitpid(pids[i], &status, WNOHANG) != pids[i])
			continue;
		pids[i] = 0;
		if (status != 0) {
			fprintf(stderr, "storm: %s ended with %#x\n", storms[i].name, status);
			return -1;
		}
		ended++;
	}
	return ended;
}

/* Those that have not got on for too long. */
static int stalled(const pid_t *pids)
{
	static unsigned long seen[STORMS];
	static int still[STORMS];
	int found = 0;
	for (int i = 0; i < STORMS; i++) {
		unsigned long rounds_now = rounds_of(i);
		still[i] = rounds_now == seen[i] ? still[i] + 1 : 0;
		seen[i] = rounds_now;
		if (pids[i] && still[i] == STALL_SECONDS) {
			fprintf(stderr, "storm: %s stands still at %lu\n", storms[i].name, rounds_now);
			found = 1;
		}
	}
	return found;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "echo") == 0) {
		printf("%s", argv[2]);
		fflush(stdout);
		return 3;
	}
	if (argc == 2 && strcmp(argv[1], "end") == 0)
		return 0;
	int seconds = argc > 1 ? atoi(argv[1]) : 60;
	static char path[256];
	CHECK(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
	self = path;
	board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(board != MAP_FAILED);
	pid_t pids[STORMS] = {0};
	int running = 0;
	for (int i = 0; i < STORMS; i++) {
		if (!chosen(argc, argv, storms[i].name))
			continue;
		rounds = &board->storm[i].rounds;
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			storms[i].run();
			_exit(0);
		}
		running++;
	}
	double begun = now(), spoken = begun;
	while (running > 0) {
		double time = now();
		if (time - begun >= seconds)
			__atomic_store_n(&board->stop, 1, __ATOMIC_SEQ_CST);
		if (time - spoken >= SPEAK_SECONDS) {
			speak((int)(time - begun), pids);
			spoken = time;
		}
		int ended = reap(pids);
		if (ended < 0 || stalled(pids)) {
			__atomic_store_n(&board->stop, 1, __ATOMIC_SEQ_CST);
			return 1;
		}
		running -= ended;
		if (running > 0)
			sleep(1);
	}
	for (int i = 0; i < STORMS; i++)
		if (rounds_of(i))
			printf("%-8s %lu\n", storms[i].name, rounds_of(i));
	return 0;
}
