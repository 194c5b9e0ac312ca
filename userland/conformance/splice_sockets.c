#include "test.h"
#include <sys/sendfile.h>
#include <sys/ioctl.h>
#include "unix.h"

TEST("splice, tee, vmsplice, sendfile: pipes, files, sockets; partial, blocking and broken ends")
{
	int a[2], b[2], s[2];
	static char block[200000], in[200000];
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)(i * 3 + i / 4096);
	signal(SIGPIPE, SIG_IGN);
	need(pipe(a));
	need(pipe(b));
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	/* Pipe to socket, socket to pipe. */
	need(write(a[1], block, 10000));
	is(splice(a[0], NULL, s[0], NULL, 20000, 0), 10000);
	is(splice(s[1], NULL, b[1], NULL, 20000, 0), 10000);
	is(read(b[0], in, sizeof in), 10000);
	is(memcmp(in, block, 10000), 0);
	fails(splice(s[1], NULL, b[1], NULL, 10, SPLICE_F_NONBLOCK), EAGAIN);
	fails(splice(s[0], NULL, s[1], NULL, 10, 0), EINVAL);
	loff_t zero = 0;
	fails(splice(s[1], &zero, b[1], NULL, 10, 0), EINVAL);
	/* File to pipe, in parts, and back. */
	int file = (int)need(open("file", O_RDWR | O_CREAT | O_TRUNC, 0644)), copy = (int)need(open("copy", O_RDWR | O_CREAT, 0644));
	need(write(file, block, sizeof block));
	zero = 0;
	is(splice(file, &zero, a[1], NULL, sizeof block, SPLICE_F_NONBLOCK), 65536);
	is(zero, 65536);
	fails(splice(file, &zero, a[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	is(splice(a[0], NULL, copy, NULL, 65536, 0), 65536);
	is(lseek(copy, 0, SEEK_CUR), 65536);
	is(pread(copy, in, 65536, 0), 65536);
	is(memcmp(in, block, 65536), 0);
	zero = sizeof block - 5;
	is(splice(file, &zero, a[1], NULL, 100, 0), 5);
	is(splice(file, &zero, a[1], NULL, 100, 0), 0);
	is(read(a[0], in, 100), 5);
	fails(splice(a[0], NULL, file, NULL, 100, 16), EINVAL);
	int append = (int)need(open("file", O_WRONLY | O_APPEND));
	need(write(a[1], "x", 1));
	fails(splice(a[0], NULL, append, NULL, 100, 0), EINVAL);
	fails(splice(a[1], NULL, copy, NULL, 1, 0), EBADF);
	fails(splice(a[0], NULL, a[0], NULL, 1, 0), EBADF);
	is(read(a[0], in, 100), 1);
	/* Pipe to pipe: whole and parts, as far as there is room. */
	need(write(a[1], block, 65536));
	is(splice(a[0], NULL, b[1], NULL, 5000, 0), 5000);
	is(tee(a[0], b[1], 10000, 0), 10000);
	int left;
	ok(ioctl(a[0], FIONREAD, &left));
	is(left, 60536);
	is(read(b[0], in, sizeof in), 15000);
	is(memcmp(in, block, 15000), 0);
	is(read(a[0], in, 5000), 5000);
	is(memcmp(in, block + 5000, 5000), 0);
	/* After a tee, each side is written to without the other seeing it. */
	while (read(a[0], in, 10000) == 10000)
		;
	need(write(a[1], "shared", 6));
	is(tee(a[0], b[1], 6, 0), 6);
	need(write(a[1], " one", 4));
	need(write(b[1], " two", 4));
	is(read(a[0], in, 100), 10);
	is(memcmp(in, "shared one", 10), 0);
	is(read(b[0], in, 100), 10);
	is(memcmp(in, "shared two", 10), 0);
	need(write(a[1], block, 3000));
	is(tee(a[0], b[1], 1000, 0), 1000);
	need(write(a[1], block + 3000, 500));
	need(write(b[1], "tail", 4));
	is(read(b[0], in, 4000), 1004);
	is(memcmp(in + 1000, "tail", 4), 0);
	is(read(a[0], in, 4000), 3500);
	is(memcmp(in, block, 3500), 0);
	/* Ended and broken. */
	int c[2];
	need(pipe(c));
	close(c[1]);
	is(splice(c[0], NULL, b[1], NULL, 10, 0), 0);
	is(tee(c[0], b[1], 10, 0), 0);
	need(pipe(c));
	close(c[0]);
	need(write(a[1], "x", 1));
	fails(splice(a[0], NULL, c[1], NULL, 10, 0), EPIPE);
	fails(tee(a[0], c[1], 10, 0), EPIPE);
	zero = 0;
	fails(splice(file, &zero, c[1], NULL, 10, 0), EPIPE);
	is(read(a[0], in, 10), 1);
	/* Memory to pipe and pipe to memory. */
	struct iovec v[3] = {{block, 5000}, {block + 5000, 0}, {block + 5000, 1234}};
	is(vmsplice(a[1], v, 3, 0), 6234);
	struct iovec w[2] = {{in, 100}, {in + 100, 10000}};
	is(vmsplice(a[0], w, 2, 0), 6234);
	is(memcmp(in, block, 6234), 0);
	fails(vmsplice(a[0], w, 2, SPLICE_F_NONBLOCK), EAGAIN);
	fails(vmsplice(file, w, 1, 0), EBADF);
	fails(vmsplice(a[1], v, 2000, 0), EINVAL);
	/* They wait. */
	pid_t pid;
	SPAWN(pid, is(splice(a[0], NULL, b[1], NULL, 10, 0), 3));
	holds(await_state(pid, 'S'));
	need(write(a[1], "abc", 3));
	ends(pid, "exit 0");
	is(read(b[0], in, 10), 3);
	while (fcntl(b[1], F_SETFL, O_NONBLOCK) == 0 && write(b[1], block, 4096) > 0)
		;
	need(fcntl(b[1], F_SETFL, 0));
	need(write(a[1], "full", 4));
	SPAWN(pid, is(splice(a[0], NULL, b[1], NULL, 10, 0), 4));
	holds(await_state(pid, 'S'));
	need(read(b[0], in, 4096));
	ends(pid, "exit 0");
	while (fcntl(b[0], F_SETFL, O_NONBLOCK) == 0 && read(b[0], in, sizeof in) > 0)
		;
	/* sendfile to pipes and sockets. */
	off_t at = 100;
	is(sendfile(b[1], file, &at, 5000), 5000);
	is(at, 5100);
	is(read(b[0], in, sizeof in), 5000);
	is(memcmp(in, block + 100, 5000), 0);
	at = 199990;
	is(sendfile(s[0], file, &at, 5000), 10);
	is(recv(s[1], in, 100, 0), 10);
	fails(sendfile(s[0], a[0], NULL, 10), EINVAL);
	fails(sendfile(s[0], s[1], NULL, 10), EINVAL);
	close(s[1]);
	at = 0;
	fails(sendfile(s[0], file, &at, 10), EPIPE);
	/* Packets stay packets. */
	need(pipe2(c, O_DIRECT));
	need(write(c[1], "one", 3));
	need(write(c[1], "three", 5));
	is(splice(c[0], NULL, a[1], NULL, 100, 0), 8);
	is(read(a[0], in, 100), 3);
	is(read(a[0], in, 100), 5);
}
