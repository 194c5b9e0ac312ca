#include "test.h"
#include <sys/sendfile.h>

TEST("sendfile, copy_file_range: offsets, pipes, errors")
{
	char text[10000], buffer[10000];
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + i % 26);
	int in = (int)need(open("in", O_RDWR | O_CREAT, 0644)), out = (int)need(open("out", O_RDWR | O_CREAT, 0644));
	need(write(in, text, sizeof text));
	off_t at = 100;
	is(sendfile(out, in, &at, 5000), 5000);
	is(at, 5100);
	is(lseek(in, 0, SEEK_CUR), 10000);
	is(lseek(out, 0, SEEK_CUR), 5000);
	is(pread(out, buffer, 5000, 0), 5000);
	is(memcmp(buffer, text + 100, 5000), 0);
	is(sendfile(out, in, NULL, 100), 0);
	need(lseek(in, 9990, SEEK_SET));
	is(sendfile(out, in, NULL, 100), 10);
	int pfd[2];
	need(pipe(pfd));
	at = 0;
	is(sendfile(pfd[1], in, &at, 26), 26);
	is(read(pfd[0], buffer, 100), 26);
	fails(sendfile(out, pfd[0], NULL, 10), EINVAL);
	fails(sendfile(-1, in, NULL, 10), EBADF);
	int ro = (int)need(open("out", O_RDONLY)), wo = (int)need(open("out", O_WRONLY)), ap = (int)need(open("ap", O_WRONLY | O_CREAT | O_APPEND, 0644));
	fails(sendfile(ro, in, NULL, 10), EBADF);
	fails(sendfile(out, wo, NULL, 10), EBADF);
	at = -1;
	fails(sendfile(out, in, &at, 10), EINVAL);
	loff_t from = 26, to = 20000;
	is(copy_file_range(in, &from, out, &to, 52, 0), 52);
	is(from, 78);
	is(to, 20052);
	is(size_of("out"), 20052);
	is(pread(out, buffer, 52, 20000), 52);
	is(memcmp(buffer, text, 52), 0);
	from = 10000;
	is(copy_file_range(in, &from, out, NULL, 10, 0), 0);
	fails(copy_file_range(in, NULL, out, NULL, 10, 1), EINVAL);
	fails(copy_file_range(in, NULL, ap, NULL, 10, 0), EBADF);
	fails(copy_file_range(in, NULL, pfd[1], NULL, 10, 0), EINVAL);
	from = 0, to = 10;
	fails(copy_file_range(in, &from, in, &to, 100, 0), EINVAL);
	int dir = (int)need(open(".", O_RDONLY));
	fails(copy_file_range(dir, NULL, out, NULL, 10, 0), EISDIR);
}
