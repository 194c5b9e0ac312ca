#include "test.h"
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include "unix.h"

static char block[200000] __attribute__((aligned(4096))), in[200000];

static int waiting(int fd)
{
	int n = -1;
	ioctl(fd, FIONREAD, &n);
	return n;
}

TEST("splice(2), tee(2), vmsplice(2), sendfile(2): the errors in their order, devices, both ends of one FIFO, waiting")
{
	int a[2], b[2];
	loff_t at;
	off_t from;
	pid_t pid;
	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)(i * 7 + i / 4096);
	signal(SIGPIPE, SIG_IGN);
	need(pipe(a));
	need(pipe(b));
	int file = (int)need(open("file", O_RDWR | O_CREAT, 0600)), ro = (int)need(open("file", O_RDONLY)),
	    wo = (int)need(open("file", O_WRONLY)), dir = (int)need(open(".", O_RDONLY | O_DIRECTORY)),
	    null = (int)need(open("/dev/null", O_RDWR));
	need(write(file, block, 10000));
	need(lseek(file, 0, SEEK_SET));
	/* splice: the length first, then flags, then descriptors, then rights, then places. */
	is(splice(-1, NULL, -1, NULL, 0, 99), 0);
	fails(splice(-1, NULL, -1, NULL, 1, 99), EINVAL);
	fails(splice(file, NULL, -1, NULL, 1, 0), EBADF);
	fails(splice(wo, NULL, a[1], NULL, 1, 0), EBADF);
	need(write(a[1], "x", 1));
	fails(splice(a[0], NULL, ro, NULL, 1, 0), EBADF);
	at = 0;
	fails(splice(a[0], &at, b[1], NULL, 1, 0), ESPIPE);
	fails(splice(file, NULL, a[1], &at, 1, 0), ESPIPE);
	fails(splice(file, (void *)8, a[1], NULL, 1, 0), EFAULT);
	at = -1;
	fails(splice(file, &at, a[1], NULL, 1, 0), EINVAL);
	fails(splice(a[0], NULL, file, &at, 1, 0), EINVAL);
	is(waiting(a[0]), 1);
	fails(splice(dir, NULL, a[1], NULL, 1, 0), EINVAL);
	is(read(a[0], in, 1), 1);
	/* The place of a file moves, or the one that is given does. */
	is(splice(file, NULL, a[1], NULL, 100, 0), 100);
	is(lseek(file, 0, SEEK_CUR), 100);
	at = 5000;
	is(splice(file, &at, a[1], NULL, 100, SPLICE_F_MOVE | SPLICE_F_MORE), 100);
	is(at, 5100);
	is(lseek(file, 0, SEEK_CUR), 100);
	is(read(a[0], in, 1000), 200);
	is(memcmp(in, block, 100) | memcmp(in + 100, block + 5000, 100), 0);
	at = 20000;
	is(splice(file, &at, a[1], NULL, 100, 0), 0);
	/* Writing beyond the end leaves a hole. */
	need(write(a[1], "end", 3));
	at = 12000;
	is(splice(a[0], NULL, file, &at, 100, 0), 3);
	is(at, 12003);
	is(size_of("file"), 12003);
	/* Devices. */
	need(write(a[1], block, 5000));
	is(splice(a[0], NULL, null, NULL, 5000, 0), 5000);
	is(waiting(a[0]), 0);
	/* A limit on the size of files. */
	CHILD({
		struct rlimit limit = {13000, 13000};
		signal(SIGXFSZ, SIG_IGN);
		need(setrlimit(RLIMIT_FSIZE, &limit));
		need(write(a[1], block, 2000));
		loff_t place = 12500;
		is(splice(a[0], NULL, file, &place, 2000, 0), 500);
		fails(splice(a[0], NULL, file, &place, 2000, 0), EFBIG);
		is(read(a[0], in, 4000), 1500);
	});
	/* A FIFO open for both: one end into the other is refused, whatever is in it. */
	need(mkfifo("fifo", 0600));
	int both = (int)need(open("fifo", O_RDWR));
	need(write(both, "x", 1));
	fails(splice(both, NULL, both, NULL, 1, 0), EINVAL);
	fails(tee(both, both, 1, 0), EINVAL);
	is(splice(both, NULL, b[1], NULL, 10, 0), 1);
	is(read(b[0], in, 10), 1);
	/* vmsplice with both ends: it writes. */
	struct iovec v[2] = {{block, 3}, {block + 3, 4}};
	is(vmsplice(both, v, 2, 0), 7);
	is(read(both, in, 10), 7);
	/* vmsplice: flags, rights, vectors. */
	fails(vmsplice(a[1], v, 1, 99), EINVAL);
	fails(vmsplice(-1, v, 1, 0), EBADF);
	is(vmsplice(a[1], v, 0, 0), 0);
	is(vmsplice(a[1], NULL, 0, 0), 0);
	fails(vmsplice(a[1], (void *)8, 1, 0), EFAULT);
	v[0] = (struct iovec){(void *)8, 10};
	fails(vmsplice(a[1], v, 1, 0), EFAULT);
	v[0] = (struct iovec){block, 100000};
	is(vmsplice(a[1], v, 1, SPLICE_F_NONBLOCK), 65536);
	fails(vmsplice(a[1], v, 1, SPLICE_F_NONBLOCK), EAGAIN);
	/* It waits for room, and takes what there is then. */
	SPAWN(pid, is(vmsplice(a[1], v, 1, 0), 8192));
	holds(await_state(pid, 'S'));
	is(read(a[0], in, 100), 100);
	is(read(a[0], in, 8092), 8092);
	ends(pid, "exit 0");
	is(read(a[0], in, sizeof in), 65536);
	/* tee: the same, and it takes nothing. */
	is(tee(-1, -1, 0, 0), 0);
	fails(tee(-1, a[1], 1, 0), EBADF);
	fails(tee(a[0], a[1], 1, 0), EINVAL);
	fails(tee(a[1], b[1], 1, 0), EBADF);
	fails(tee(a[0], b[0], 1, 0), EBADF);
	fails(tee(a[0], b[1], 1, 99), EINVAL);
	fails(tee(file, file, 1, 0), EINVAL);
	SPAWN(pid, is(tee(a[0], b[1], 100, 0), 5));
	holds(await_state(pid, 'S'));
	need(write(a[1], "hello", 5));
	ends(pid, "exit 0");
	is(waiting(a[0]), 5);
	is(waiting(b[0]), 5);
	is(read(b[0], in, 2), 2);
	is(tee(a[0], b[1], 2, 0), 2);
	is(read(b[0], in, 10), 5);
	is(memcmp(in, "llohe", 5), 0);
	is(read(a[0], in, 10), 5);
	while (fcntl(b[1], F_SETFL, O_NONBLOCK) == 0 && write(b[1], block, 4096) > 0)
		;
	need(write(a[1], "x", 1));
	fails(tee(a[0], b[1], 1, 0), EAGAIN);
	need(fcntl(b[1], F_SETFL, 0));
	fails(tee(a[0], b[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
	fails(splice(a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	is(read(a[0], in, 10), 1);
	/* O_NONBLOCK of either pipe is as good as the flag. */
	need(fcntl(a[0], F_SETFL, O_NONBLOCK));
	fails(splice(a[0], NULL, null, NULL, 1, 0), EAGAIN);
	need(fcntl(a[0], F_SETFL, 0));
	is(read(b[0], in, sizeof in), 65536);
	/* sendfile: descriptors, rights, kinds, places. */
	fails(sendfile(-1, file, NULL, 10), EBADF);
	fails(sendfile(null, -1, NULL, 10), EBADF);
	fails(sendfile(null, wo, NULL, 10), EBADF);
	fails(sendfile(ro, file, NULL, 10), EBADF);
	fails(sendfile(null, dir, NULL, 10), EINVAL);
	fails(sendfile(null, file, (void *)8, 10), EFAULT);
	from = -5;
	fails(sendfile(null, file, &from, 10), EINVAL);
	from = 0;
	is(sendfile(null, file, &from, 0), 0);
	is(sendfile(null, file, &from, 100000), size_of("file"));
	is(from, size_of("file"));
	is(sendfile(null, file, &from, 100), 0);
	from = 0;
	int other = (int)need(open("other", O_RDWR | O_CREAT, 0600)), append = (int)need(open("other", O_WRONLY | O_APPEND));
	is(sendfile(other, file, &from, 5000), 5000);
	fails(sendfile(append, file, &from, 10), EINVAL);
	/* Into itself, further on. */
	from = 0;
	is(sendfile(other, other, &from, 1000), 1000);
	is(size_of("other"), 6000);
	is(pread(other, in, 1000, 5000), 1000);
	is(memcmp(in, block, 1000), 0);
	/* To a pipe without room: as much as there is, or EAGAIN. */
	need(ftruncate(file, 0));
	need(pwrite(file, block, sizeof block, 0));
	need(fcntl(a[1], F_SETFL, O_NONBLOCK));
	from = 0;
	is(sendfile(a[1], file, &from, sizeof block), 65536);
	is(from, 65536);
	fails(sendfile(a[1], file, &from, 10), EAGAIN);
	need(fcntl(a[1], F_SETFL, 0));
	/* Waiting for some room, not for all. */
	SPAWN(pid, {
		off_t place = 0;
		is(sendfile(b[1], file, &place, sizeof block), 65536);
		is(place, 65536);
		while (place < (off_t)sizeof block)
			need(sendfile(b[1], file, &place, sizeof block));
	});
	close(b[1]);
	long total;
	for (total = 0; total < (long)sizeof block;) {
		ssize_t n = read(b[0], in + total, sizeof in - (size_t)total);
		if (n <= 0)
			break;
		total += n;
	}
	is(total, (long)sizeof block);
	is(memcmp(in, block, sizeof block), 0);
	ends(pid, "exit 0");
	is(read(b[0], in, 10), 0);
}
