#include "test.h"
#include "unix.h"

TEST("unix addresses: paths, abstract names, autobind, lengths, unlinking, permissions")
{
	struct sockaddr_un a = unix_name("sock"), got;
	socklen_t length;
	int l = (int)need(socket(AF_UNIX, SOCK_STREAM, 0)), c = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	/* Lengths. */
	fails(bind(l, (void *)&a, 1), EINVAL);
	fails(bind(l, (void *)&a, sizeof a + 1), EINVAL);
	struct sockaddr_un wrong = a;
	wrong.sun_family = AF_INET;
	fails(bind(l, (void *)&wrong, sizeof wrong), EINVAL);
	fails(bind(l, (void *)8, sizeof a), EFAULT);
	/* A path need not end with a NUL within the length; the kernel tells one more. */
	ok(bind(l, (void *)&a, 2 + 4));
	memset(&got, 'x', sizeof got);
	length = sizeof got;
	ok(getsockname(l, (void *)&got, &length));
	is(length, 2 + 5);
	text_is(got.sun_path, "sock");
	length = 4;
	memset(&got, 'x', sizeof got);
	ok(getsockname(l, (void *)&got, &length));
	is(length, 7);
	is(memcmp(got.sun_path, "soxx", 4), 0);
	length = (socklen_t)-1;
	fails(getsockname(l, (void *)&got, &length), EINVAL);
	/* All 108 bytes. */
	int d = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	struct sockaddr_un longest = {.sun_family = AF_UNIX};
	memset(longest.sun_path, 'p', sizeof longest.sun_path);
	ok(bind(d, (void *)&longest, sizeof longest));
	char big[200];
	length = sizeof big;
	ok(getsockname(d, (void *)big, &length));
	is(length, 2 + 109);
	close(d);
	/* The name space of files. */
	put_file("plain", "text");
	need(mkdir("dir", 0755));
	int e = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	struct sockaddr_un plain = unix_name("plain"), dir = unix_name("dir"), none = unix_name("dir/none/x"),
			   through = unix_name("plain/x"), empty = {.sun_family = AF_UNIX};
	fails(bind(e, (void *)&plain, sizeof plain), EADDRINUSE);
	fails(bind(e, (void *)&none, sizeof none), ENOENT);
	fails(bind(e, (void *)&through, sizeof through), ENOTDIR);
	fails(connect(e, (void *)&plain, sizeof plain), ECONNREFUSED);
	fails(connect(e, (void *)&dir, sizeof dir), ECONNREFUSED);
	fails(connect(e, (void *)&through, sizeof through), ENOTDIR);
	fails(connect(e, (void *)&empty, 2), EINVAL);
	/* Renamed, it is still found; unlinked it lives on without a name. */
	need(listen(l, 4));
	need(rename("sock", "moved"));
	struct sockaddr_un moved = unix_name("moved");
	fails(connect(c, (void *)&a, sizeof a), ENOENT);
	ok(connect(c, (void *)&moved, sizeof moved));
	length = sizeof got;
	ok(getpeername(c, (void *)&got, &length));
	text_is(got.sun_path, "sock");
	need(unlink("moved"));
	fails(connect(e, (void *)&moved, sizeof moved), ENOENT);
	int s = (int)ok(accept(l, NULL, NULL));
	is(write(c, "still", 5), 5);
	char b[16];
	is(read(s, b, 16), 5);
	/* Its name can be given again at once; a file whose socket has gone is refused. */
	int l2 = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	ok(bind(l2, (void *)&moved, sizeof moved));
	close(l2);
	fails(connect(e, (void *)&moved, sizeof moved), ECONNREFUSED);
	l2 = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	fails(bind(l2, (void *)&moved, sizeof moved), EADDRINUSE);
	/* Mode and owner are those of a new file; connecting needs the right to write. */
	umask(027);
	struct sockaddr_un m = unix_name("mode");
	ok(bind(l2, (void *)&m, sizeof m));
	is(mode_of("mode") & 0777, 0750);
	umask(022);
	need(listen(l2, 1));
	CHILD({
		become(1000);
		int u = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
		fails(connect(u, (void *)&m, sizeof m), EACCES);
		struct sockaddr_un mine = unix_name("mine");
		fails(bind(u, (void *)&mine, sizeof mine), EACCES);
	});
	fails(open("mode", O_RDWR), ENXIO);
	/* Abstract names: any bytes, compared with their length. */
	struct sockaddr_un abs = {.sun_family = AF_UNIX, .sun_path = "\0exo\0names"};
	int x = (int)need(socket(AF_UNIX, SOCK_DGRAM, 0)), y = (int)need(socket(AF_UNIX, SOCK_DGRAM, 0));
	ok(bind(x, (void *)&abs, 2 + 10));
	ok(bind(y, (void *)&abs, 2 + 4));
	length = sizeof got;
	ok(getsockname(x, (void *)&got, &length));
	is(length, 12);
	is(sendto(y, "to x", 4, 0, (void *)&abs, 2 + 10), 4);
	length = sizeof got;
	is(recvfrom(x, b, 16, 0, (void *)&got, &length), 4);
	is(length, 6);
	is(memcmp(got.sun_path, "\0exo", 4), 0);
	fails(sendto(y, "?", 1, 0, (void *)&abs, 2 + 11), ECONNREFUSED);
	fails(bind(y, (void *)&abs, 2 + 9), EINVAL);
	/* Without any name the kernel gives one. */
	int z = (int)need(socket(AF_UNIX, SOCK_STREAM, 0));
	length = sizeof got;
	ok(getsockname(z, (void *)&got, &length));
	is(length, 2);
	sa_family_t family = AF_UNIX;
	ok(bind(z, (void *)&family, sizeof family));
	length = sizeof got;
	ok(getsockname(z, (void *)&got, &length));
	is(length, 8);
	is(got.sun_path[0], 0);
	ok(bind(z, (void *)&family, sizeof family));
	fails(bind(z, (void *)&abs, 2 + 9), EINVAL);
	/* getpeername after the peer has gone. */
	close(s);
	close(l);
	length = sizeof got;
	ok(getpeername(c, (void *)&got, &length));
	text_is(got.sun_path, "sock");
}
