#include "native.h"

static const struct timespec instant = {0, 0}, moment = {0, 20000000};

static struct exo_message message(int number)
{
	struct exo_message m;
	exo_message_set(&m, 7, &number, sizeof number);
	return m;
}

/* Both ends of a ring in this process. */
static void open_both(int form, unsigned shift, struct exo_ring **in, struct exo_ring **out)
{
	int fds[2];
	need(exo_ring_create(form, shift, EXO_CLOEXEC, fds));
	*in = exo_ring_open(fds[0]);
	*out = exo_ring_open(fds[1]);
	holds(*in && *out);
}

static void messages(int form)
{
	struct exo_ring *in, *out;
	open_both(form, 3, &in, &out);
	struct exo_message sent[20], got[20];
	for (int i = 0; i < 20; i++)
		sent[i] = message(i);
	holds(strstr(get_file("/proc/self/maps"), " ring:["));
	is(exo_ring_side(in), EXO_RECEIVE);
	is(exo_ring_side(out), EXO_SEND);
	is(exo_ring_capacity(in), 8);
	fails(exo_ring_take(in, got, 1), EAGAIN);
	fails(exo_ring_receive(in, got, 1, &moment), ETIMEDOUT);
	is(exo_ring_put(out, sent, 20), 8);
	fails(exo_ring_put(out, sent, 1), EAGAIN);
	fails(exo_ring_send(out, sent, 1, &moment), ETIMEDOUT);
	is(exo_ring_room(in), 8);
	is(exo_ring_room(out), 0);
	is(exo_ring_take(in, got, 3), 3);
	is(got[2].words[0], 2);
	is(got[2].tag, 7);
	is(got[2].length, 4);
	is(exo_ring_put(out, sent + 8, 12), 3);
	is(exo_ring_take(in, got, 20), 8);
	is(got[7].words[0], 10);
	fails(exo_ring_put(in, sent, 1), EBADF);
	fails(exo_ring_take(out, got, 1), EBADF);
	fails(exo_ring_read(in, got, 1, NULL), EBADF);
	struct exo_ring_stat stat;
	ok(exo_ring_stat(exo_ring_fd(in), &stat));
	is(stat.form, form);
	is(stat.shift, 3);
	is(stat.side, EXO_RECEIVE);
	is(stat.used, 0);
	is(stat.receivers, 1);
	is(stat.senders, 1);
	/* What was sent before the sender went is received. */
	is(exo_ring_put(out, sent, 2), 2);
	exo_ring_close(out);
	is(exo_ring_receive(in, got, 20, NULL), 2);
	fails(exo_ring_receive(in, got, 1, NULL), EPIPE);
	exo_ring_close(in);
	open_both(form, 0, &in, &out);
	exo_ring_close(in);
	exo_ring_put(out, sent, 1);
	fails(exo_ring_send(out, sent, 1, NULL), EPIPE);
	exo_ring_close(out);
}

/* Two processes, more messages than slots; both sleep often. */
static void between_processes(int form, int count)
{
	struct exo_ring *in, *out;
	pid_t child;
	int fds[2];
	need(exo_ring_create(form, 4, 0, fds));
	SPAWN(child, {
		close(fds[0]);
		out = exo_ring_open(fds[1]);
		for (int i = 0; i < count; i++) {
			struct exo_message m = message(i);
			if (exo_ring_send(out, &m, 1, NULL) != 1)
				ok(-1);
		}
	});
	close(fds[1]);
	in = exo_ring_open(fds[0]);
	struct exo_message got[16];
	int next = 0, wrong = 0;
	long n;
	while ((n = exo_ring_receive(in, got, 16, NULL)) > 0)
		for (int i = 0; i < n; i++)
			wrong += got[i].words[0] != (uint64_t)next++;
	is(n, -1);
	is(errno, EPIPE);
	is(next, count);
	is(wrong, 0);
	ends(child, "exit 0");
	exo_ring_close(in);
}

static void bytes(void)
{
	int fds[2];
	fails(exo_ring_create(EXO_BYTES, 11, 0, fds), EINVAL);
	need(exo_ring_create(EXO_BYTES, 12, 0, fds));
	pid_t child;
	SPAWN(child, {
		close(fds[0]);
		struct exo_ring *out = exo_ring_open(fds[1]);
		char block[777];
		for (int i = 0; i < 100; i++) {
			memset(block, 'a' + i % 26, sizeof block);
			is(exo_ring_write(out, block, sizeof block, NULL), sizeof block);
		}
	});
	close(fds[1]);
	struct exo_ring *in = exo_ring_open(fds[0]);
	char got[1000];
	long n, total = 0, wrong = 0;
	while ((n = exo_ring_read(in, got, sizeof got, NULL)) > 0)
		for (long i = 0; i < n; i++, total++)
			wrong += got[i] != (char)('a' + total / 777 % 26);
	is(n, 0);
	is(total, 77700);
	is(wrong, 0);
	int status;
	waitpid(child, &status, 0);
	is(status, 0);
	test_forget_output(child);
	exo_ring_close(in);
	/* What wraps lies in one piece all the same. */
	struct exo_ring *out;
	open_both(EXO_BYTES, 12, &in, &out);
	size_t length;
	exo_ring_span(out, &length);
	is(length, 4096);
	exo_ring_advance(out, 4000);
	exo_ring_span(in, &length);
	is(length, 4000);
	exo_ring_advance(in, 4000);
	char *to = exo_ring_span(out, &length);
	is(length, 4096);
	memset(to, 'x', length);
	exo_ring_advance(out, length);
	char *from = exo_ring_span(in, &length);
	is(length, 4096);
	holds(from[0] == 'x' && from[4095] == 'x' && from != to);
	/* The receiver can't write what it reads. */
	CHILD({
		struct rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
		pid_t writer = start_child();
		if (writer == 0) {
			from[0] = 1;
			_exit(0);
		}
		ends(writer, "signal SIGSEGV");
	});
	fails(mprotect((void *)((uintptr_t)from & ~4095ul), 4096, PROT_READ | PROT_WRITE), EACCES);
	exo_ring_close(in);
	fails(exo_ring_write(out, "x", 1, NULL), EPIPE);
	exo_ring_close(out);
}

static volatile sig_atomic_t seen;
static void note_signal(int number)
{
	seen++;
}

static void signals(void)
{
	struct exo_ring *in, *out;
	struct exo_message got;
	open_both(EXO_SPSC, 2, &in, &out);
	struct itimerval timer = {{0, 20000}, {0, 20000}}, stop = {0};
	struct sigaction action = {.sa_handler = note_signal};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	fails(exo_ring_receive(in, &got, 1, NULL), EINTR);
	/* With SA_RESTART only the timeout ends it. */
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	seen = 0;
	pid_t child;
	SPAWN(child, {
		setitimer(ITIMER_REAL, &stop, NULL);
		sleep_ms(100);
		struct exo_message m = message(5);
		exo_ring_send(out, &m, 1, NULL);
	});
	is(exo_ring_receive(in, &got, 1, NULL), 1);
	setitimer(ITIMER_REAL, &stop, NULL);
	is(got.words[0], 5);
	holds(seen > 1);
	ends(child, "exit 0");
	exo_ring_close(in);
	exo_ring_close(out);
}

static void errors(void)
{
	int fds[2], other[2];
	struct exo_ring_stat stat;
	fails(exo_ring_create(0, 4, 0, fds), EINVAL);
	fails(exo_ring_create(4, 4, 0, fds), EINVAL);
	fails(exo_ring_create(EXO_SPSC, 31, 0, fds), EINVAL);
	fails(exo_ring_create(EXO_SPSC, 30, 0, fds), ENOMEM);
	fails(exo_ring_create(EXO_SPSC, 4, 1, fds), EINVAL);
	fails(exo_ring_create(EXO_SPSC, 4, 0, NULL), EFAULT);
	need(pipe(other));
	fails(exo_ring_stat(other[0], &stat), ENOTSUP);
	fails(exo_ring_stat(-1, &stat), EBADF);
	fails(syscall(SYS_exo_ring_wake, other[0]), ENOTSUP);
	need(exo_ring_create(EXO_SPSC, 4, 0, fds));
	fails(syscall(SYS_exo_ring_map, fds[0], NULL), EFAULT);
	fails(syscall(SYS_exo_ring_stat, fds[0], 1), EFAULT);
	fails(syscall(SYS_exo_ring_park, fds[0], 0, 1), EFAULT);
	struct timespec bad = {0, -1};
	fails(syscall(SYS_exo_ring_park, fds[0], 0, &bad), EINVAL);
	fails(syscall(SYS_exo_ring_park, fds[0], 0, &instant), ETIMEDOUT);
	is(syscall(SYS_exo_ring_park, fds[0], 1, NULL), 0);
	fails(exo_ring_duplicate(fds[0], 0), EBUSY);
	char c;
	fails(read(fds[0], &c, 1), EINVAL);
	fails(write(fds[1], &c, 1), EINVAL);
	fails(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fds[0], 0) == MAP_FAILED ? -1 : 0, ENODEV);
	ok(exo_ring_hang_up(fds[1]));
	fails(syscall(SYS_exo_ring_park, fds[0], 0, NULL), EPIPE);
	fails(syscall(SYS_exo_ring_park, fds[1], 0, NULL), EBADF);
	close(fds[0]);
	close(fds[1]);
	close(other[0]);
	close(other[1]);
}

NATIVE_TEST("rings: messages and bytes, in a process and between two")
{
	messages(EXO_SPSC);
	messages(EXO_MPMC);
	between_processes(EXO_SPSC, 20000);
	between_processes(EXO_MPMC, 20000);
	bytes();
	signals();
	errors();
}
