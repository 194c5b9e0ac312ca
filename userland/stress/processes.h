/* Storms of processes and threads: fork, exec, stop, kill, and those who look at them. */
#ifndef EXO_STORM_PROCESSES_H
#define EXO_STORM_PROCESSES_H

#include "board.h"

/* ---- fork: trees of processes that write to what they share copy-on-write ---- */

static void fork_storm(void)
{
	unsigned *pages = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(pages != MAP_FAILED);
	unsigned round = 0;
	while (going()) {
		round++;
		for (int page = 0; page < 16; page++)
			pages[page * 1024] = round + (unsigned)page;
		pid_t children[3];
		for (int child = 0; child < 3; child++) {
			children[child] = fork();
			CHECK(children[child] >= 0);
			if (children[child] == 0) {
				for (int page = child; page < 16; page += 2) {
					CHECK(pages[page * 1024] == round + (unsigned)page);
					pages[page * 1024] = ~round;
				}
				pid_t grandchild = fork();
				CHECK(grandchild >= 0);
				if (grandchild == 0)
					_exit(pages[child * 1024] == ~round ? 7 : 8);
				wait_for(grandchild, 7 << 8);
				_exit(child);
			}
		}
		for (int page = 0; page < 16; page++)
			CHECK(pages[page * 1024] == round + (unsigned)page);
		for (int child = 0; child < 3; child++)
			wait_for(children[child], child << 8);
	}
}

/* ---- exec: this program, which says what it was told ---- */

static void exec_storm(void)
{
	static int round;
	while (going()) {
		int ends[2];
		char text[16], answer[32] = "";
		snprintf(text, sizeof text, "%d", ++round);
		CHECK(pipe2(ends, O_CLOEXEC) == 0);
		pid_t pid = round % 2 ? fork() : vfork();
		CHECK(pid >= 0);
		if (pid == 0) {
			dup2(ends[1], 1);
			execl(self, "storm", "echo", text, (char *)NULL);
			_exit(99);
		}
		close(ends[1]);
		size_t length = 0;
		ssize_t got;
		while ((got = read(ends[0], answer + length, sizeof answer - 1 - length)) != 0) {
			CHECK(got > 0 || errno == EINTR);
			length += got > 0 ? (size_t)got : 0;
		}
		close(ends[0]);
		wait_for(pid, 3 << 8);
		CHECK(strcmp(answer, text) == 0);
	}
}

/* ---- kill: processes with threads everywhere end at any moment ---- */

static void *endless(void *arg)
{
	for (volatile unsigned long i = 0;; i++)
		if (i % 4096 == 0 && arg)
			sched_yield();
	return NULL;
}

static void kill_storm(void)
{
	unsigned seed = 3;
	while (going()) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			pthread_t thread;
			for (uintptr_t i = 0; i < 3; i++)
				CHECK(pthread_create(&thread, NULL, endless, (void *)(i % 2)) == 0);
			endless(NULL);
		}
		usleep(random_below(&seed, 3000));
		CHECK(kill(pid, SIGKILL) == 0);
		wait_for(pid, SIGKILL);
	}
}

/* ---- thread: threads that come and go ---- */

static void *brief(void *arg)
{
	unsigned long *place = arg;
	*place += 1;
	return place;
}

static void thread_storm(void)
{
	while (going()) {
		pthread_t threads[6];
		unsigned long places[6] = {0};
		void *result;
		for (int i = 0; i < 6; i++)
			CHECK(pthread_create(&threads[i], NULL, brief, &places[i]) == 0);
		for (int i = 0; i < 6; i++)
			CHECK(pthread_join(threads[i], &result) == 0 && result == &places[i] && places[i] == 1);
	}
}

/* ---- reexec: threads of one process execute a program at once; one does, the others are gone ---- */

static void *sleeper(void *arg)
{
	char byte;
	if (read((int)(intptr_t)arg, &byte, 1) >= 0)
		die("somebody wrote to a pipe that nobody has");
	return NULL;
}

static void *executer(void *arg)
{
	execl(self, "storm", "echo", "x", (char *)NULL);
	die("execl");
}

static void reexec_storm(void)
{
	unsigned seed = 21;
	while (going()) {
		int ends[2], never[2];
		char answer[4] = "";
		CHECK(pipe2(ends, O_CLOEXEC) == 0 && pipe2(never, O_CLOEXEC) == 0);
		unsigned executers = 1 + random_below(&seed, 3);
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			pthread_t thread;
			dup2(ends[1], 1);
			begin_thread(&thread, sleeper, (uintptr_t)never[0]);
			begin_thread(&thread, endless, 1);
			for (unsigned i = 1; i < executers; i++)
				begin_thread(&thread, executer, 0);
			if (random_below(&seed, 2))
				begin_thread(&thread, executer, 0);
			else
				executer(NULL);
			endless(NULL);
		}
		close(ends[1]);
		CHECK(read(ends[0], answer, sizeof answer) == 1 && answer[0] == 'x');
		CHECK(read(ends[0], answer, sizeof answer) == 0);
		wait_for(pid, 3 << 8);
		close(ends[0]);
		close(never[0]);
		close(never[1]);
	}
}

/* ---- stop: processes with threads are stopped, continued and killed ---- */

static void stop_storm(void)
{
	unsigned seed = 8;
	while (going()) {
		pid_t pid = fork();
		int status;
		CHECK(pid >= 0);
		if (pid == 0) {
			pthread_t thread;
			begin_thread(&thread, endless, 1);
			endless(NULL);
		}
		for (unsigned turns = random_below(&seed, 4); turns > 0; turns--) {
			CHECK(kill(pid, SIGSTOP) == 0);
			CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
			CHECK(waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED) == 0);
			CHECK(kill(pid, SIGCONT) == 0);
			/* Not stopped from then on, whether it has run or not. */
			CHECK(waitpid(pid, &status, WNOHANG | WUNTRACED) == 0);
			CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
			/* The stop may be seen or not; what is told last is what came last. */
			CHECK(kill(pid, SIGSTOP) == 0);
			if (random_below(&seed, 2))
				sched_yield();
			CHECK(kill(pid, SIGCONT) == 0);
			CHECK(waitpid(pid, &status, WNOHANG | WUNTRACED) == 0);
			usleep(random_below(&seed, 500));
			CHECK(waitpid(pid, &status, WNOHANG | WUNTRACED) == 0);
			while (waitpid(pid, &status, WNOHANG | WCONTINUED) == pid)
				CHECK(WIFCONTINUED(status));
		}
		/* At the end it may be running, about to stop, or stopped. */
		if (random_below(&seed, 2))
			CHECK(kill(pid, SIGSTOP) == 0);
		if (random_below(&seed, 2))
			CHECK(kill(pid, SIGCONT) == 0);
		CHECK(kill(pid, SIGKILL) == 0);
		wait_for(pid, SIGKILL);
	}
}

/* ---- group: families in process groups of their own, killed as a whole while they grow ---- */

static void group_storm(void)
{
	while (going()) {
		int ends[2], status;
		char byte;
		CHECK(pipe(ends) == 0);
		pid_t leader = fork();
		CHECK(leader >= 0);
		if (leader == 0) {
			close(ends[0]);
			CHECK(setpgid(0, 0) == 0 && write(ends[1], "", 1) == 1);
			for (unsigned i = 0;; i++) {
				pid_t child = fork();
				if (child == 0 && i % 2)
					_exit(0);
				if (child == 0)
					for (;;)
						pause();
				if (i % 2)
					waitpid(child, &status, 0);
				if (i == 6)
					pause();
			}
		}
		close(ends[1]);
		CHECK(read(ends[0], &byte, 1) == 1);
		CHECK(kill(-leader, 0) == 0);
		sched_yield();
		/* A child that is forked at this moment is in the group before the signal, or not at all. */
		CHECK(kill(-leader, SIGKILL) == 0);
		wait_for(leader, SIGKILL);
		/* All of them had the pipe. */
		CHECK(read(ends[0], &byte, 1) == 0);
		close(ends[0]);
	}
}

/* ---- look: /proc of processes and threads that come and go ---- */

static void read_whole(const char *path)
{
	char text[1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		CHECK(errno == ENOENT || errno == ESRCH || errno == EACCES);
		return;
	}
	ssize_t got;
	while ((got = read(fd, text, sizeof text)) > 0)
		;
	CHECK(got == 0 || errno == ESRCH || errno == ENOENT || errno == EACCES);
	close(fd);
}

static void look_at(pid_t pid)
{
	static const char *const names[] = {"stat", "status", "maps", "cmdline", "environ", "limits", "statm", "io"};
	char path[320], text[256];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", pid, names[i]);
		read_whole(path);
	}
	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	if (readlink(path, text, sizeof text) < 0)
		CHECK(errno == ENOENT || errno == ESRCH || errno == EACCES);
	for (int tasks = 0; tasks < 2; tasks++) {
		snprintf(path, sizeof path, "/proc/%d/%s", pid, tasks ? "task" : "fd");
		DIR *folder = opendir(path);
		for (struct dirent *entry; folder && (entry = readdir(folder));) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof path, "/proc/%d/%s/%s%s", pid, tasks ? "task" : "fd", entry->d_name,
				 tasks ? "/stat" : "");
			if (tasks)
				read_whole(path);
			else if (readlink(path, text, sizeof text) < 0)
				CHECK(errno == ENOENT || errno == ESRCH || errno == EACCES);
		}
		if (folder)
			closedir(folder);
	}
}

static void look_storm(void)
{
	pid_t breeder = fork();
	CHECK(breeder >= 0);
	if (breeder == 0) {
		unsigned seed = 12;
		while (!stopped()) {
			pid_t pids[4];
			for (int i = 0; i < 4; i++) {
				pids[i] = fork();
				CHECK(pids[i] >= 0);
				if (pids[i] == 0) {
					pthread_t thread;
					if (i % 2)
						begin_thread(&thread, endless, 1);
					usleep(random_below(&seed, 2000));
					if (i == 3)
						execl(self, "storm", "end", (char *)NULL);
					_exit(0);
				}
			}
			for (int i = 0; i < 4; i++)
				wait_for(pids[i], 0);
		}
		_exit(0);
	}
	while (!stopped()) {
		DIR *proc = opendir("/proc");
		CHECK(proc);
		for (struct dirent *entry; (entry = readdir(proc));)
			if (atoi(entry->d_name) > 0 && going())
				look_at(atoi(entry->d_name));
		closedir(proc);
	}
	wait_for(breeder, 0);
}

#endif
