#include "test.h"
#include <setjmp.h>

static sigjmp_buf jump;
static volatile int code, got;
static void *volatile address;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	got = sig;
	code = info->si_code;
	address = info->si_addr;
	siglongjmp(jump, 1);
}

static int touch(volatile char *p)
{
	got = 0;
	if (sigsetjmp(jump, 1) == 0)
		(void)*p;
	return got;
}

TEST("mmap: pages behind the end of a file give SIGBUS, the rest of the last page is zero")
{
	struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	need(sigaction(SIGBUS, &sa, NULL));
	need(sigaction(SIGSEGV, &sa, NULL));
	int fd = (int)need(open("f", O_RDWR | O_CREAT, 0644));
	need(ftruncate(fd, 4096 + 100));
	char *p = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	is(touch(p), 0);
	is(touch(p + 4096 + 200), 0);
	is(p[4096 + 200], 0);
	text_is(signal_name(touch(p + 2 * 4096)), "SIGBUS");
	is(code, BUS_ADRERR);
	holds(address == p + 2 * 4096);
	text_is(signal_name(touch(p + 3 * 4096 + 17)), "SIGBUS");
	holds(address == p + 3 * 4096 + 17);
	need(ftruncate(fd, 3 * 4096));
	is(touch(p + 2 * 4096), 0);
	need(ftruncate(fd, 4096));
	text_is(signal_name(touch(p + 4096)), "SIGBUS");
	is(touch(p), 0);
	need(ftruncate(fd, 0));
	text_is(signal_name(touch(p)), "SIGBUS");
	/* A read into such memory is EFAULT, not a signal. */
	need(ftruncate(fd, 0));
	int zero = (int)need(open("/dev/zero", O_RDONLY));
	fails(read(zero, p, 10), EFAULT);
	/* Beyond the mapping itself it is SIGSEGV. */
	need(munmap(p + 3 * 4096, 4096));
	text_is(signal_name(touch(p + 3 * 4096)), "SIGSEGV");
	is(code, SEGV_MAPERR);
}
