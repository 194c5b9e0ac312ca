#include "test.h"
TEST("mmap: every argument that is refused")
{
	long page = 4096;
	put_file("f", "data");
	int ro = (int)need(open("f", O_RDONLY)), wo = (int)need(open("f", O_WRONLY)), rw = (int)need(open("f", O_RDWR));
	int dir = (int)need(open(".", O_RDONLY | O_DIRECTORY)), pfd[2];
	need(pipe(pfd));

	fails(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
	fails(mmap(NULL, page, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	fails(mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 1), EINVAL);
	fails(mmap(NULL, page, PROT_READ, MAP_PRIVATE, ro, 100), EINVAL);
	fails(mmap(NULL, page, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	fails(mmap(NULL, page, PROT_READ, MAP_PRIVATE, 999, 0), EBADF);
	fails(mmap(NULL, page, PROT_READ, MAP_SHARED, wo, 0), EACCES);
	fails(mmap(NULL, page, PROT_READ, MAP_PRIVATE, wo, 0), EACCES);
	fails(mmap(NULL, page, PROT_WRITE, MAP_SHARED, wo, 0), EACCES);
	fails(mmap(NULL, page, PROT_WRITE, MAP_SHARED, ro, 0), EACCES);
	ok(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0));
	ok(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, rw, 0));
	fails(mmap(NULL, page, PROT_READ, MAP_PRIVATE, dir, 0), ENODEV);
	fails(mmap(NULL, page, PROT_READ, MAP_PRIVATE, pfd[0], 0), ENODEV);
	fails(syscall(SYS_mmap, 1, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
	fails(syscall(SYS_mmap, 0, ~0UL, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	fails(syscall(SYS_mmap, 0, 1UL << 47, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	fails(syscall(SYS_mmap, 0x7ffffffff000, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
	fails(syscall(SYS_mmap, 0xffff800000000000, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), ENOMEM);
	fails(syscall(SYS_mmap, 0, page, PROT_READ, MAP_PRIVATE, ro, 0x7ffffffffffff000), EOVERFLOW);
	int path = (int)need(open("f", O_PATH));
	fails(mmap(NULL, page, PROT_READ, MAP_PRIVATE, path, 0), EBADF);
}
