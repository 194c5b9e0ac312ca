#include "test.h"
TEST("splice, tee, vmsplice: between pipes and files")
{
	int a[2], b[2];
	char buffer[64] = "";
	need(pipe(a));
	need(pipe(b));
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	need(write(fd, "0123456789", 10));
	loff_t at = 2;
	is(splice(fd, &at, a[1], NULL, 5, 0), 5);
	is(at, 7);
	is(tee(a[0], b[1], 64, 0), 5);
	is(read(a[0], buffer, 64), 5);
	text_is(buffer, "23456");
	is(splice(b[0], NULL, fd, &at, 64, 0), 5);
	text_is(get_file("f"), "012345623456");
	fails(splice(fd, NULL, fd, NULL, 5, 0), EINVAL);
	at = 0;
	fails(splice(a[0], &at, fd, NULL, 5, 0), ESPIPE);
	fails(splice(a[0], NULL, fd, NULL, 5, SPLICE_F_NONBLOCK), EAGAIN);
	fails(splice(a[0], NULL, a[1], NULL, 5, 0), EINVAL);
	fails(splice(-1, NULL, a[1], NULL, 5, 0), EBADF);
	fails(tee(fd, a[1], 5, 0), EINVAL);
	fails(tee(a[0], b[1], 5, SPLICE_F_NONBLOCK), EAGAIN);
	is(splice(fd, NULL, a[1], NULL, 0, 0), 0);
	need(write(a[1], "moving", 6));
	is(splice(a[0], NULL, b[1], NULL, 4, 0), 4);
	is(read(b[0], buffer, 64), 4);
	is(read(a[0], buffer, 64), 2);
	struct iovec v[] = {{"one", 3}, {"two", 3}};
	is(vmsplice(a[1], v, 2, 0), 6);
	is(read(a[0], buffer, 64), 6);
	is(memcmp(buffer, "onetwo", 6), 0);
	close(a[1]);
	is(splice(a[0], NULL, fd, NULL, 10, 0), 0);
}
