/* Storms of files, descriptors and locks, and of moves between CPUs. */
#ifndef EXO_STORM_FILES_H
#define EXO_STORM_FILES_H

#include "board.h"

/* ---- file: the same names and files from several processes ---- */

static void file_storm(void)
{
	char folder[64], path[96], other[96];
	snprintf(folder, sizeof folder, "/tmp/storm-%d", getpid());
	CHECK(mkdir(folder, 0700) == 0);
	pid_t pids[3];
	for (int child = 0; child < 3; child++) {
		pids[child] = fork();
		CHECK(pids[child] >= 0);
		if (pids[child] == 0) {
			unsigned seed = (unsigned)child + 1;
			while (going()) {
				snprintf(path, sizeof path, "%s/%u", folder, random_below(&seed, 4));
				snprintf(other, sizeof other, "%s/%u", folder, random_below(&seed, 4));
				int fd = open(path, O_RDWR | O_CREAT, 0600);
				if (fd >= 0) {
					CHECK(pwrite(fd, &seed, sizeof seed, random_below(&seed, 20000)) > 0);
					CHECK(ftruncate(fd, random_below(&seed, 20000)) == 0);
					close(fd);
				}
				struct stat status;
				if (stat(other, &status) != 0)
					CHECK(errno == ENOENT);
				if (rename(path, other) != 0)
					CHECK(errno == ENOENT);
				if (unlink(other) != 0)
					CHECK(errno == ENOENT);
			}
			_exit(0);
		}
	}
	for (int child = 0; child < 3; child++)
		wait_for(pids[child], 0);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s/%d", folder, i);
		unlink(path);
	}
	CHECK(rmdir(folder) == 0);
}

/* ---- move: a thread whose registers must come along from CPU to CPU ---- */

static void move_storm(void)
{
	cpu_set_t all, set;
	CHECK(sched_getaffinity(0, sizeof all, &all) == 0);
	int cpus = CPU_COUNT(&all);
	unsigned seed = 11;
	double sum = 0, wanted = 0;
	while (going()) {
		int cpu = (int)random_below(&seed, (unsigned)cpus);
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		volatile double step = (double)random_below(&seed, 100) / 4;
		sum += step;
		CHECK(sched_setaffinity(0, sizeof set, &set) == 0);
		wanted += step;
		CHECK(sum == wanted && sched_getcpu() == cpu);
		CHECK(sched_setaffinity(0, sizeof all, &all) == 0);
	}
}

/* ---- rights: descriptors travel through sockets, and are used or forgotten there ---- */

static void send_descriptor(int socket, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof fd)];
	} control = {.head = {.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct iovec byte = {"d", 1};
	struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
	CHECK(sendmsg(socket, &message, 0) == 1);
}

static int receive_descriptor(int socket)
{
	int fd;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof fd)];
	} control;
	char byte;
	struct iovec place = {&byte, 1};
	struct msghdr message = {.msg_iov = &place, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	CHECK(CMSG_FIRSTHDR(&message) && control.head.cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(&control.head), sizeof fd);
	return fd;
}

static void rights_storm(void)
{
	int pair[2];
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		close(pair[0]);
		for (int fd; (fd = receive_descriptor(pair[1])) >= 0; close(fd))
			CHECK(write(fd, "r", 1) == 1);
		_exit(0);
	}
	close(pair[1]);
	while (going()) {
		int ends[2], forgotten[2];
		char byte;
		CHECK(pipe(ends) == 0);
		send_descriptor(pair[0], ends[1]);
		close(ends[1]);
		CHECK(read(ends[0], &byte, 1) == 1 && byte == 'r');
		CHECK(read(ends[0], &byte, 1) == 0);
		close(ends[0]);
		/* Sockets that only their own messages hold. */
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, forgotten) == 0);
		send_descriptor(forgotten[0], forgotten[0]);
		send_descriptor(forgotten[1], forgotten[1]);
		close(forgotten[0]);
		close(forgotten[1]);
	}
	close(pair[0]);
	wait_for(child, 0);
}

/* ---- lock: record locks of processes that wait for each other, and are killed with them ---- */

static void lock_storm(void)
{
	enum { RANGES = 3, PROCESSES = 3 };
	int file = memfd_create("locks", 0);
	int *owners = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(file >= 0 && owners != MAP_FAILED);
	unsigned seed = 23;
	while (going()) {
		pid_t pids[PROCESSES];
		for (int child = 0; child < PROCESSES; child++) {
			pids[child] = fork();
			CHECK(pids[child] >= 0);
			if (pids[child] == 0) {
				unsigned own = seed + (unsigned)child;
				for (int turn = 0; turn < 30; turn++) {
					unsigned range = random_below(&own, RANGES);
					struct flock lock = {.l_type = F_WRLCK, .l_start = range, .l_len = 1};
					/* One who kept another range may close a circle. */
					if (fcntl(file, F_SETLKW, &lock) != 0) {
						CHECK(errno == EDEADLK);
						lock = (struct flock){.l_type = F_UNLCK};
						memset(owners + 64 * (child + 1), 0, sizeof(int) * RANGES);
						CHECK(fcntl(file, F_SETLK, &lock) == 0);
						continue;
					}
					/* Nobody else has it, or says so. */
					owners[64 * (child + 1) + range] = 1;
					for (int other = 0; other < PROCESSES; other++)
						CHECK(other == child || owners[64 * (other + 1) + range] == 0);
					if (random_below(&own, 3)) {
						lock.l_type = F_UNLCK;
						owners[64 * (child + 1) + range] = 0;
						CHECK(fcntl(file, F_SETLK, &lock) == 0);
					}
				}
				memset(owners + 64 * (child + 1), 0, sizeof(int) * RANGES);
				_exit(0);
			}
		}
		seed += 7;
		for (int child = 0; child < PROCESSES; child++)
			wait_for(pids[child], 0);
	}
	close(file);
}

#endif
