#include "test.h"
TEST("read, write: counts, ends, bad arguments, partial buffers")
{
	char buffer[64] = "";
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	is(write(fd, "0123456789", 10), 10);
	is(read(fd, buffer, 10), 0);
	need(lseek(fd, 0, SEEK_SET));
	is(read(fd, buffer, 4), 4);
	is(read(fd, buffer + 4, 60), 6);
	text_is(buffer, "0123456789");
	is(read(fd, buffer, 0), 0);
	is(write(fd, buffer, 0), 0);
	fails(read(-1, buffer, 1), EBADF);
	fails(read(999, buffer, 1), EBADF);
	fails(write(fd, (void *)8, 4), EFAULT);
	need(lseek(fd, 0, SEEK_SET));
	fails(read(fd, (void *)8, 4), EFAULT);
	is(lseek(fd, 0, SEEK_CUR), 0);
	fails(read(fd, buffer, (size_t)-1), EFAULT);
	/* A buffer that ends at unmapped memory: as much as fits. */
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(munmap(p + 4096, 4096));
	is(read(fd, p + 4096 - 4, 10), 4);
	is(memcmp(p + 4092, "0123", 4), 0);
	is(lseek(fd, 0, SEEK_CUR), 4);
	memset(p, 'y', 4096);
	int out = (int)need(open("g", O_RDWR | O_CREAT, 0644));
	is(write(out, p + 4096 - 6, 100), 6);
	is(size_of("g"), 6);
	int dir = (int)need(open(".", O_RDONLY));
	fails(read(dir, buffer, 10), EISDIR);
	fails(write(dir, buffer, 10), EBADF);
	fails(pread(fd, buffer, 4, -1), EINVAL);
	fails(pwrite(fd, buffer, 4, -1), EINVAL);
	is(pread(fd, buffer, 4, 1000), 0);
	is(pwrite(fd, "zz", 2, 20), 2);
	is(lseek(fd, 0, SEEK_CUR), 4);
	is(pread(fd, buffer, 20, 8), 14);
	is(memcmp(buffer, "89\0\0\0\0\0\0\0\0\0\0zz", 14), 0);
	int pfd[2];
	need(pipe(pfd));
	fails(pread(pfd[0], buffer, 1, 0), ESPIPE);
	fails(pwrite(pfd[1], buffer, 1, 0), ESPIPE);
}
