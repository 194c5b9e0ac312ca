#include "native.h"

static const struct exo_message hello = {.length = 5, .bytes = "hello"};

static void basics(void)
{
	int fds[2], other[2];
	struct exo_message got;
	need(exo_ring_create(EXO_MPMC, 3, 0, fds));
	need(exo_ring_create(EXO_MPMC, 3, 0, other));
	fails(exo_attach("news", EXO_SEND, 0), ENOENT);
	ok(exo_name(fds[0], "news", 0600));
	fails(exo_name(fds[1], "more", 0600), EBUSY);
	fails(exo_name(other[0], "news", 0600), EEXIST);
	fails(exo_name(other[0], "", 0600), EINVAL);
	fails(exo_name(other[0], "x", 0700), EINVAL);
	char longest[300];
	memset(longest, 'n', sizeof longest - 1);
	longest[299] = 0;
	fails(exo_name(other[0], longest, 0600), ENAMETOOLONG);
	longest[255] = 0;
	ok(exo_name(other[0], longest, 0600));
	ok(exo_unname(longest));
	fails(exo_unname(longest), ENOENT);
	fails(exo_name(0, "stdin", 0600), ENOTSUP);
	fails(exo_attach("news", 3, 0), EINVAL);
	fails(exo_attach(NULL, EXO_SEND, 0), EFAULT);
	/* Another process finds it. */
	CHILD({
		close(fds[0]);
		close(fds[1]);
		struct exo_ring *out = exo_ring_open((int)ok(exo_attach("news", EXO_SEND, EXO_CLOEXEC)));
		is(exo_ring_send(out, &hello, 1, NULL), 1);
	});
	struct exo_ring *in = exo_ring_open(fds[0]);
	is(exo_ring_take(in, &got, 1), 1);
	/* All senders gone, and one that comes again. */
	close(fds[1]);
	fails(exo_ring_receive(in, &got, 1, NULL), EPIPE);
	struct exo_ring *out = exo_ring_open((int)ok(exo_attach("news", EXO_SEND, 0)));
	fails(exo_ring_take(in, &got, 1), EAGAIN);
	is(exo_ring_send(out, &hello, 1, NULL), 1);
	is(exo_ring_take(in, &got, 1), 1);
	exo_ring_close(out);
	exo_ring_close(in);
	/* The name went with the last end. */
	fails(exo_attach("news", EXO_SEND, 0), ENOENT);
	ok(exo_name(other[0], "news", 0600));
	ok(exo_unname("news"));
	/* Without its name it can have another. */
	ok(exo_name(other[0], "olds", 0600));
	close(other[0]);
	close(other[1]);
	fails(exo_unname("olds"), ENOENT);
}

static void alone(void)
{
	int fds[2];
	need(exo_ring_create(EXO_SPSC, 3, 0, fds));
	ok(exo_name(fds[0], "alone", 0600));
	fails(exo_attach("alone", EXO_SEND, 0), EBUSY);
	close(fds[1]);
	int again = (int)ok(exo_attach("alone", EXO_SEND, 0));
	fails(exo_attach("alone", EXO_RECEIVE, 0), EBUSY);
	close(again);
	close(fds[0]);
}

/* Owner 1000, group 1000; users 1001 with that group among others, and 1002. */
static void permissions(void)
{
	int fds[2];
	need(exo_ring_create(EXO_MPMC, 3, 0, fds));
	CHILD({
		become(1000);
		ok(exo_name(fds[0], "private", 0642));
		ok(exo_attach("private", EXO_RECEIVE, 0));
		ok(exo_attach("private", EXO_SEND, 0));
	});
	CHILD({
		gid_t groups[] = {1000, 2000};
		need(setgroups(2, groups));
		need(setresgid(1001, 1001, 1001));
		need(setresuid(1001, 1001, 1001));
		ok(exo_attach("private", EXO_RECEIVE, 0));
		fails(exo_attach("private", EXO_SEND, 0), EACCES);
		fails(exo_unname("private"), EACCES);
	});
	CHILD({
		become(1002);
		fails(exo_attach("private", EXO_RECEIVE, 0), EACCES);
		ok(exo_attach("private", EXO_SEND, 0));
	});
	ok(exo_attach("private", EXO_RECEIVE, 0));
	CHILD({
		become(1000);
		ok(exo_unname("private"));
	});
	close(fds[0]);
	close(fds[1]);
}

NATIVE_TEST("rings by name, with permissions")
{
	basics();
	alone();
	permissions();
}
