#include "test.h"
TEST("mlock, mlockall: the limit, its errors, what is resident")
{
	unsigned char v[4];
	char *p = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ok(mlock(p, 2 * 4096));
	ok(mincore(p, 4 * 4096, v));
	is((v[0] & v[1]) & 1, 1);
	is((v[2] | v[3]) & 1, 0);
	ok(munlock(p, 2 * 4096));
	ok(mlock(p + 100, 1));
	ok(munlock(p, 4096));
	need(munmap(p + 4096, 4096));
	fails(mlock(p, 4 * 4096), ENOMEM);
	fails(munlock(p + 4096, 4096), ENOMEM);
	ok(munlockall());
	fails(mlockall(0), EINVAL);
	fails(mlockall(8), EINVAL);
	CHILD({
		become(1000);
		struct rlimit limit = {8192, 8192};
		need(setrlimit(RLIMIT_MEMLOCK, &limit));
		char *q = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ok(mlock(q, 8192));
		fails(mlock(q, 16 * 4096), ENOMEM);
		ok(munlock(q, 8192));
		ok(mlock(q + 8192, 8192));
		limit.rlim_cur = limit.rlim_max = 0;
		need(munlockall());
		need(setrlimit(RLIMIT_MEMLOCK, &limit));
		fails(mlock(q, 4096), EPERM);
		fails(mlockall(MCL_CURRENT), EPERM);
	});
}
