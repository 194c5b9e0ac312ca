#include "test.h"
TEST("memfd_create: a file without a name, shared by mapping and descriptor")
{
	int fd = (int)ok(memfd_create("name", MFD_CLOEXEC));
	is(fcntl(fd, F_GETFD), FD_CLOEXEC);
	is(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	struct stat st;
	need(fstat(fd, &st));
	is(st.st_nlink, 0);
	is(st.st_size, 0);
	holds(S_ISREG(st.st_mode));
	ok(ftruncate(fd, 8192));
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	strcpy(p + 4096, "in memory");
	char buffer[16] = "";
	is(pread(fd, buffer, 10, 4096), 10);
	text_is(buffer, "in memory");
	CHILD(strcpy(p, "from the child"));
	text_is(p, "from the child");
	fails(memfd_create("x", 0x4000), EINVAL);
	fails(memfd_create((char *)8, 0), EFAULT);
	char name[260];
	memset(name, 'n', sizeof name);
	name[249] = 0;
	ok(memfd_create(name, 0));
	name[249] = 'n';
	name[250] = 0;
	fails(memfd_create(name, 0), EINVAL);
}
