/* Storms of waiting: futexes, pipes, poll and epoll. A lost wake-up stops them. */
#ifndef EXO_STORM_WAITING_H
#define EXO_STORM_WAITING_H

#include "board.h"

/* ---- futex: a mutex, a condition and a barrier under contention, and shared words between processes ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned long tickets, served;

static void *locker(void *arg)
{
	uintptr_t number = (uintptr_t)arg;
	for (;;) {
		pthread_mutex_lock(&mutex);
		while (served % 4 != number && !stopped()) {
			struct timespec soon;
			clock_gettime(CLOCK_REALTIME, &soon);
			soon.tv_sec += 1;
			pthread_cond_timedwait(&changed, &mutex, &soon);
		}
		unsigned long before = tickets++;
		served++;
		CHECK(tickets == before + 1);
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&mutex);
		if (!going())
			return NULL;
	}
}

static void futex_storm(void)
{
	pthread_t threads[4];
	for (uintptr_t i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, locker, (void *)i) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

/* Two processes pass a word to and fro by shared futexes: a lost wake-up stops them. */
static void pass_storm(void)
{
	int *word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(word != MAP_FAILED);
	pid_t other = fork();
	CHECK(other >= 0);
	int mine = other == 0;
	for (;;) {
		int value;
		while ((value = __atomic_load_n(word, __ATOMIC_SEQ_CST)) % 2 != mine) {
			if (value < 0)
				break;
			if (syscall(SYS_futex, word, FUTEX_WAIT, value, NULL) < 0)
				CHECK(errno == EAGAIN || errno == EINTR);
		}
		if (value < 0)
			break;
		int next = mine == 0 && !going() ? -1 : (value + 1) & 0x3fffffff;
		__atomic_store_n(word, next, __ATOMIC_SEQ_CST);
		CHECK(syscall(SYS_futex, word, FUTEX_WAKE, 1) >= 0);
		if (next < 0)
			break;
	}
	if (other == 0)
		_exit(0);
	wait_for(other, 0);
}

/* ---- requeue: who waits at one word is sent on to another, and all are woken there ---- */

static int first_word, second_word, awake, generation;

static void *queued(void *arg)
{
	for (int mine = 0;; mine++) {
		while (syscall(SYS_futex, &first_word, FUTEX_WAIT_PRIVATE, 0, NULL) != 0)
			CHECK(errno == EINTR);
		__atomic_add_fetch(&awake, 1, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&generation, __ATOMIC_SEQ_CST) == mine)
			sched_yield();
		if (__atomic_load_n(&generation, __ATOMIC_SEQ_CST) < 0)
			return NULL;
	}
}

static void requeue_storm(void)
{
	enum { WAITERS = 3 };
	pthread_t threads[WAITERS];
	for (int i = 0; i < WAITERS; i++)
		begin_thread(&threads[i], queued, 0);
	for (int round = 1; round > 0; round++) {
		long reached = 0;
		while (reached < WAITERS) {
			long now = syscall(SYS_futex, &first_word, FUTEX_CMP_REQUEUE_PRIVATE, round % 2, 99L, &second_word, 0);
			CHECK(now >= 0);
			reached += now;
			if (now == 0)
				sched_yield();
		}
		CHECK(reached == WAITERS);
		CHECK(syscall(SYS_futex, &first_word, FUTEX_WAKE_PRIVATE, 99) == 0);
		CHECK(syscall(SYS_futex, &second_word, FUTEX_WAKE_PRIVATE, 99) >= 0);
		while (__atomic_load_n(&awake, __ATOMIC_SEQ_CST) < WAITERS)
			sched_yield();
		awake = 0;
		if (!going())
			round = -2;
		__atomic_store_n(&generation, round < 0 ? -1 : round, __ATOMIC_SEQ_CST);
	}
	for (int i = 0; i < WAITERS; i++)
		join(threads[i]);
}

/* ---- pipe: a ring of processes, and bytes that must come out as they went in ---- */

static void pipe_storm(void)
{
	enum { STATIONS = 4 };
	int ends[STATIONS + 1][2];
	pid_t pids[STATIONS];
	for (int i = 0; i <= STATIONS; i++)
		CHECK(pipe(ends[i]) == 0);
	for (int i = 0; i < STATIONS; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0) {
			for (int j = 0; j <= STATIONS; j++) {
				if (j != i)
					close(ends[j][0]);
				if (j != i + 1)
					close(ends[j][1]);
			}
			char buffer[3000];
			ssize_t got;
			while ((got = read(ends[i][0], buffer, sizeof buffer)) > 0)
				for (ssize_t done = 0; done < got;) {
					ssize_t put = write(ends[i + 1][1], buffer + done, (size_t)(got - done));
					CHECK(put > 0);
					done += put;
				}
			CHECK(got == 0);
			_exit(0);
		}
	}
	for (int j = 0; j <= STATIONS; j++) {
		if (j != STATIONS)
			close(ends[j][0]);
		if (j != 0)
			close(ends[j][1]);
	}
	unsigned seed = 9;
	static unsigned char sent[9000], back[9000];
	while (going()) {
		size_t length = 1 + random_below(&seed, sizeof sent);
		for (size_t i = 0; i < length; i++)
			sent[i] = (unsigned char)random_below(&seed, 256);
		CHECK(write(ends[0][1], sent, length) == (ssize_t)length);
		for (size_t done = 0; done < length;) {
			ssize_t got = read(ends[STATIONS][0], back + done, length - done);
			CHECK(got > 0);
			done += (size_t)got;
		}
		CHECK(memcmp(sent, back, length) == 0);
	}
	close(ends[0][1]);
	for (int i = 0; i < STATIONS; i++)
		wait_for(pids[i], 0);
	close(ends[STATIONS][0]);
}

/* ---- poll: sockets and event counters ---- */

static void poll_storm(void)
{
	int pair[2], counter = eventfd(0, EFD_NONBLOCK);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && counter >= 0);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		char byte;
		close(pair[0]);
		while (read(pair[1], &byte, 1) == 1) {
			uint64_t one = 1;
			CHECK(write(counter, &one, 8) == 8);
			CHECK(write(pair[1], &byte, 1) == 1);
		}
		_exit(0);
	}
	close(pair[1]);
	uint64_t counted = 0, wanted = 0;
	while (going()) {
		char byte = (char)wanted, back = 0;
		CHECK(write(pair[0], &byte, 1) == 1);
		wanted++;
		int answered = 0;
		while (!answered || counted < wanted) {
			struct pollfd fds[2] = {{pair[0], POLLIN, 0}, {counter, POLLIN, 0}};
			CHECK(poll(fds, 2, -1) > 0);
			uint64_t more;
			if (fds[1].revents & POLLIN && read(counter, &more, 8) == 8)
				counted += more;
			if (fds[0].revents & POLLIN) {
				CHECK(read(pair[0], &back, 1) == 1 && back == byte);
				answered = 1;
			}
		}
	}
	close(pair[0]);
	wait_for(child, 0);
	close(counter);
}

/* ---- epoll: several threads wait at one set while others add to it, take away, and close what is watched ---- */

static int watched, counter_of_set, quit_of_set;
static unsigned long taken;

static void *taker(void *arg)
{
	for (;;) {
		struct epoll_event events[4];
		int count = epoll_wait(watched, events, 4, -1);
		CHECK(count > 0);
		for (int i = 0; i < count; i++) {
			uint64_t value;
			if (events[i].data.fd == quit_of_set)
				return NULL;
			if (events[i].data.fd == counter_of_set && read(counter_of_set, &value, sizeof value) == sizeof value)
				__atomic_add_fetch(&taken, value, __ATOMIC_SEQ_CST);
		}
	}
}

static void *churner(void *arg)
{
	while (!stopped()) {
		int ends[2];
		CHECK(pipe(ends) == 0);
		struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = -1};
		CHECK(epoll_ctl(watched, EPOLL_CTL_ADD, ends[0], &event) == 0);
		CHECK(write(ends[1], "x", 1) == 1);
		event.events = EPOLLIN | EPOLLONESHOT;
		CHECK(epoll_ctl(watched, EPOLL_CTL_MOD, ends[0], &event) == 0);
		if ((intptr_t)arg)
			CHECK(epoll_ctl(watched, EPOLL_CTL_DEL, ends[0], NULL) == 0);
		close(ends[(intptr_t)arg]);
		close(ends[!(intptr_t)arg]);
	}
	return NULL;
}

static void epoll_storm(void)
{
	pthread_t threads[4];
	watched = epoll_create1(EPOLL_CLOEXEC);
	counter_of_set = eventfd(0, EFD_NONBLOCK);
	quit_of_set = eventfd(0, 0);
	CHECK(watched >= 0 && counter_of_set >= 0 && quit_of_set >= 0);
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = counter_of_set};
	CHECK(epoll_ctl(watched, EPOLL_CTL_ADD, counter_of_set, &event) == 0);
	event = (struct epoll_event){.events = EPOLLIN, .data.fd = quit_of_set};
	CHECK(epoll_ctl(watched, EPOLL_CTL_ADD, quit_of_set, &event) == 0);
	for (uintptr_t i = 0; i < 4; i++)
		begin_thread(&threads[i], i < 2 ? taker : churner, i % 2);
	unsigned long given = 0;
	uint64_t one = 1;
	while (going()) {
		CHECK(write(counter_of_set, &one, sizeof one) == sizeof one);
		given++;
		while (__atomic_load_n(&taken, __ATOMIC_SEQ_CST) < given)
			sched_yield();
	}
	CHECK(write(quit_of_set, &one, sizeof one) == sizeof one);
	for (int i = 0; i < 4; i++)
		join(threads[i]);
	CHECK(taken == given);
	close(watched);
	close(counter_of_set);
	close(quit_of_set);
}

#endif
