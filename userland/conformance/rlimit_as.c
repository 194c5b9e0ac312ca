#include "test.h"
TEST("RLIMIT_AS and RLIMIT_DATA: ENOMEM where memory is asked for")
{
	CHILD({
		struct rlimit limit = {64 << 20, RLIM_INFINITY};
		need(setrlimit(RLIMIT_AS, &limit));
		fails(mmap(NULL, 256 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
		ok(mmap(NULL, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		fails(mremap(p, 4096, 256 << 20, MREMAP_MAYMOVE), ENOMEM);
		holds(malloc(256 << 20) == NULL);
		limit.rlim_cur = RLIM_INFINITY;
		need(setrlimit(RLIMIT_AS, &limit));
		ok(mmap(NULL, 256 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	});
	CHILD({
		struct rlimit limit = {16 << 20, RLIM_INFINITY};
		need(setrlimit(RLIMIT_DATA, &limit));
		fails(mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
		/* What can't be written is no data, nor is what is shared. */
		ok(mmap(NULL, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		ok(mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	});
}
