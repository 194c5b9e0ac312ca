#include "test.h"
#include <sys/uio.h>

TEST("readv, writev, preadv, pwritev and their second versions")
{
	char a[4] = "", b[8] = "", c[16] = "";
	struct iovec out[] = {{"one", 3}, {"", 0}, {"two", 3}, {"three", 5}};
	struct iovec in[] = {{a, 2}, {b, 5}, {NULL, 0}, {c, 15}};
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	is(writev(fd, out, 4), 11);
	text_is(get_file("f"), "onetwothree");
	need(lseek(fd, 0, SEEK_SET));
	is(readv(fd, in, 4), 11);
	text_is(a, "on");
	text_is(b, "etwot");
	text_is(c, "hree");
	is(pwritev(fd, out, 1, 20), 3);
	is(preadv(fd, in, 1, 21), 2);
	text_is(a, "ne");
	is(lseek(fd, 0, SEEK_CUR), 11);
	is(readv(fd, in, 0), 0);
	fails(readv(fd, in, -1), EINVAL);
	fails(readv(fd, in, 1025), EINVAL);
	struct iovec huge[] = {{a, 2}, {b, (size_t)-1}};
	fails(readv(fd, huge, 2), EINVAL);
	fails(writev(fd, huge, 2), EINVAL);
	fails(readv(fd, (void *)8, 1), EFAULT);
	struct iovec bad[] = {{"good", 4}, {(void *)8, 4}};
	is(writev(fd, bad, 2), 4);
	struct iovec worse[] = {{(void *)8, 4}, {"good", 4}};
	fails(writev(fd, worse, 2), EFAULT);
	fails(preadv(fd, in, 1, -1), EINVAL);
	/* preadv2 with offset -1 uses the file position. */
	need(lseek(fd, 3, SEEK_SET));
	is(syscall(SYS_preadv2, fd, in, 1, -1, -1, 0), 2);
	text_is(a, "tw");
	is(lseek(fd, 0, SEEK_CUR), 5);
	is(syscall(SYS_pwritev2, fd, out, 1, 0, 0, 0x10 /* RWF_APPEND */), 3);
	is(size_of("f"), 26);
	fails(syscall(SYS_preadv2, fd, in, 1, 0, 0, 0x4000), EOPNOTSUPP);
	int pfd[2];
	need(pipe(pfd));
	is(writev(pfd[1], out, 4), 11);
	is(readv(pfd[0], in, 4), 11);
	text_is(c, "hree");
}
