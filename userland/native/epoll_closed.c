#include "native.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* Most programs leave it to close() to take a file out of an epoll set. */

static long heap_bytes(void)
{
	char line[128];
	long bytes = -1;
	FILE *objects = fopen("/proc/exo/objects", "r");
	while (objects && fgets(line, sizeof line, objects))
		sscanf(line, "heap-bytes %ld", &bytes);
	if (objects)
		fclose(objects);
	return bytes;
}

static void watch_and_close(int set, int count)
{
	for (int i = 0; i < count; i++) {
		int ends[2];
		struct epoll_event event = {.events = EPOLLIN, .data.fd = i};
		need(pipe(ends));
		need(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
		close(ends[0]);
		close(ends[1]);
	}
}

static void watch_from_outside_and_close(int set, int count)
{
	for (int i = 0; i < count; i++) {
		int outer = epoll_create1(0);
		struct epoll_event event = {.events = EPOLLIN};
		need(outer);
		need(epoll_ctl(outer, EPOLL_CTL_ADD, set, &event));
		close(outer);
	}
}

NATIVE_TEST("an epoll set keeps nothing of files that were closed")
{
	enum { FEW = 100, MANY = 20000, MOST_GROWTH = 32 * 1024 };
	int set = epoll_create1(0), counter = eventfd(0, 0);
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 42}, got[4];
	need(set);
	need(counter);
	need(epoll_ctl(set, EPOLL_CTL_ADD, counter, &event));
	watch_and_close(set, FEW);
	watch_from_outside_and_close(set, FEW);
	long before = heap_bytes();
	watch_and_close(set, MANY);
	watch_from_outside_and_close(set, MANY);
	long grown = heap_bytes() - before;
	if (before <= 0 || grown > MOST_GROWTH)
		printf("%ld bytes more\n", grown);
	holds(before > 0 && grown <= MOST_GROWTH);
	/* What is open is still watched. */
	is(epoll_wait(set, got, 4, 0), 0);
	uint64_t one = 1;
	is(write(counter, &one, sizeof one), sizeof one);
	is(epoll_wait(set, got, 4, 0), 1);
	is(got[0].data.u64, 42);
}
