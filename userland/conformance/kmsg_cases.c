#include "test.h"
#include <sys/epoll.h>

static char record[9000];

/* Reads records up to the one with this text; 1 if it came. */
static int find(int fd, const char *text)
{
	ssize_t n;
	while ((n = read(fd, record, sizeof record - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		record[n > 0 ? n : 0] = 0;
		if (n > 0 && strstr(record, text))
			return 1;
	}
	return 0;
}

static void *late_writer(void *unused)
{
	sleep_ms(30);
	int fd = open("/dev/kmsg", O_WRONLY);
	(void)!write(fd, "<7>conformance: late\n", 21);
	close(fd);
	return unused;
}

TEST("/dev/kmsg: a record a read, EAGAIN or a wait at the end, poll, seeking, the form of a record")
{
	unsigned severity;
	int flags_at = 0;
	unsigned long long sequence, sequence2, micros;
	int r = (int)ok(open("/dev/kmsg", O_RDONLY | O_NONBLOCK)), w = (int)ok(open("/dev/kmsg", O_WRONLY));
	ok(lseek(r, 0, SEEK_END));
	find(r, "nothing like this");
	fails(read(r, record, sizeof record), EAGAIN);
	struct pollfd p = {r, POLLIN, 0};
	is(poll(&p, 1, 0), 0);
	/* One record a write, one record a read. */
	is(write(w, "<7>conformance: one\n", 20), 20);
	is(write(w, "<7>conformance: two\n", 20), 20);
	is(poll(&p, 1, 1000), 1);
	is(p.revents & POLLIN, POLLIN);
	is(find(r, "conformance: one"), 1);
	is(sscanf(record, "%u,%llu,%llu,%n", &severity, &sequence, &micros, &flags_at), 3);
	/* A user's record, so of facility 1 (user). */
	is(severity, 8 + 7);
	text_is(strchr(record, ';'), ";conformance: one\n");
	is(find(r, "conformance: two"), 1);
	is(sscanf(record, "%u,%llu", &severity, &sequence2), 2);
	holds(sequence2 > sequence);
	text_is(strchr(record, ';'), ";conformance: two\n");
	fails(read(r, record, sizeof record), EAGAIN);
	/* Without a level it gets the default one (4), with a facility of its own it keeps that. */
	is(write(w, "<191>conformance: level\n", 24), 24);
	is(find(r, "conformance: level"), 1);
	is(atoi(record), 191);
	/* What cannot be printed is escaped. */
	is(write(w, "<7>conformance: \x01\\ \xc3\xa4\n", 22), 22);
	is(find(r, "conformance: "), 1);
	text_is(strchr(record, ';'), ";conformance: \\x01\\x5c \\xc3\\xa4\n");
	/* Too small a buffer. */
	is(write(w, "<7>conformance: three\n", 22), 22);
	fails(read(r, record, 5), EINVAL);
	/* It is passed by. */
	fails(read(r, record, sizeof record), EAGAIN);
	fails(write(w, record, 1025), EINVAL);
	/* Seeking: to the oldest, to the end; no other place. */
	ok(lseek(r, 0, SEEK_SET));
	holds(read(r, record, sizeof record) > 0 || errno == EPIPE);
	ok(lseek(r, 0, SEEK_SET));
	is(find(r, "conformance: one"), 1);
	ok(lseek(r, 0, SEEK_END));
	find(r, "nothing like this");
	fails(lseek(r, 1, SEEK_SET), ESPIPE);
	fails(lseek(r, 0, SEEK_CUR), EINVAL);
	/* Each opening reads for itself. */
	int r2 = (int)need(open("/dev/kmsg", O_RDONLY | O_NONBLOCK));
	is(find(r2, "conformance: two"), 1);
	is(find(r, "conformance: two"), 0);
	/* A reader that waits, a poll that waits, an epoll. */
	fcntl(r, F_SETFL, 0);
	pthread_t thread;
	need(-(pthread_create(&thread, NULL, late_writer, NULL) != 0));
	is(find(r, "conformance: late"), 1);
	pthread_join(thread, NULL);
	fcntl(r, F_SETFL, O_NONBLOCK);
	find(r, "nothing like this");
	need(-(pthread_create(&thread, NULL, late_writer, NULL) != 0));
	is(poll(&p, 1, 5000), 1);
	is(find(r, "conformance: late"), 1);
	pthread_join(thread, NULL);
	find(r, "nothing like this");
	int e = (int)need(epoll_create1(0));
	struct epoll_event event = {.events = EPOLLIN}, got;
	ok(epoll_ctl(e, EPOLL_CTL_ADD, r, &event));
	is(epoll_wait(e, &got, 1, 0), 0);
	need(-(pthread_create(&thread, NULL, late_writer, NULL) != 0));
	is(epoll_wait(e, &got, 1, 5000), 1);
	pthread_join(thread, NULL);
	/* Only writing: nothing to wait for. */
	fails(read(w, record, 1), EBADF);
	CHILD({
		become(1000);
		fails(open("/dev/kmsg", O_WRONLY), EACCES);
	});
	pid_t pid;
	find(r, "nothing like this");
	fcntl(r, F_SETFL, 0);
	SPAWN(pid, read(r, record, sizeof record));
	holds(await_state(pid, 'S'));
	kill(pid, SIGTERM);
	ends(pid, "signal SIGTERM");
}
