#include "fpu.h"
#include <sys/ucontext.h>

/* XSAVE's header follows the image of FXSAVE if there are a first mark in that, and a second one behind all. */
enum { MAGIC_AT = 464, SIZE_AT = 480, HEADER_AT = 512 };
#define MAGIC1 0x46505853u
#define MAGIC2 0x46505845u

static struct fpu dirty, seen;
static int calls, change;

/* What is in the registers, without x87's stack; those that code in between uses are not looked at. */
static void look(struct fpu *f)
{
	__asm__ volatile("movups %%xmm8, 256(%0); movups %%xmm9, 288(%0); movups %%xmm15, 480(%0)\n"
			 "fnstenv 640(%0); fldenv 640(%0); stmxcsr 668(%0)\n"
			 "testl %1, %1; jz 1f\n"
			 "vextractf128 $1, %%ymm0, 16(%0); vextractf128 $1, %%ymm15, 496(%0)\n"
			 "1:\n"
			 : : "r"(f), "r"(fpu_has_avx) : "memory", "cc");
}

static int is_initial(const struct fpu *f)
{
	static const unsigned char zero[32];
	return f->mxcsr == FPU_INITIAL_MXCSR && f->environment[0] == FPU_INITIAL_CONTROL &&
	       f->environment[2] == 0 && f->environment[4] == 0xffff && !memcmp(f->vector[8], zero, 16) &&
	       !memcmp(f->vector[9], zero, 16) && !memcmp(f->vector[15], zero, fpu_has_avx ? 32 : 16) &&
	       !memcmp(f->vector[0] + 16, zero, fpu_has_avx ? 16 : 0);
}

static void handler(int sig, siginfo_t *info, void *context)
{
	look(&seen);
	calls++;
	unsigned char *frame = (unsigned char *)((ucontext_t *)context)->uc_mcontext.fpregs;
	fpregset_t image = (void *)frame;
	unsigned magic, size, behind = 0;
	memcpy(&magic, frame + MAGIC_AT, 4);
	memcpy(&size, frame + SIZE_AT, 4);
	if (magic == MAGIC1)
		memcpy(&behind, frame + size, 4);
	/* A handler may count on x87 and SSE being there. */
	if (behind == MAGIC2 && (frame[HEADER_AT] & 3) != 3)
		calls += 100;
	if (change == 1) {
		image->mxcsr = 0x5f80;
		image->cwd = 0x077f;
		memset(&image->_xmm[9], 0x5a, 16);
	}
	if (change == 2)
		((ucontext_t *)context)->uc_mcontext.fpregs = NULL;
	if (change == 3) {
		/* As if there were no more than FXSAVE knows. */
		memset(frame + MAGIC_AT, 0, 4);
		memset(&image->_xmm[9], 0x3c, 16);
	}
}

/* Sends the signal with `dirty` in the registers; what they are then is in `after`. */
static void signalled(int how, struct fpu *after)
{
	change = how;
	calls = 0;
	is(fpu_live(&dirty, after, 0, SYS_kill, getpid(), SIGUSR1, 0), 0);
	is(calls, 1);
}

static int is_filled(const unsigned char *bytes, int length, unsigned char with)
{
	for (int i = 0; i < length; i++)
		if (bytes[i] != with)
			return 0;
	return 1;
}

static void *new_thread(void *result)
{
	look(result);
	return NULL;
}

TEST("floating point registers: where they have their initial values, and where they are inherited")
{
	fpu_detect();
	if (test_argc > 1) {
		look(&seen);
		_exit(is_initial(&seen) ? 42 : 1);
	}
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	ok(sigaction(SIGUSR1, &sa, NULL));
	struct fpu after;
	fpu_fill(&dirty, 7);

	/* A program starts with the initial ones, whatever the one before had. */
	pid_t pid = fork();
	if (pid == 0) {
		char *argv[] = {test_argv[0], "fresh", NULL};
		char *envp[] = {NULL};
		fpu_live(&dirty, &after, 0, SYS_execve, (long)"/proc/self/exe", (long)argv, (long)envp);
		_exit(2);
	}
	ends(pid, "exit 42");
	pid = vfork();
	if (pid == 0) {
		execl("/proc/self/exe", test_argv[0], "fresh", NULL);
		_exit(2);
	}
	ends(pid, "exit 42");

	/* So does a handler; the program goes on with its own. */
	signalled(0, &after);
	holds(is_initial(&seen));
	is(fpu_differences(&dirty, &after), 0);

	/* Unless the handler changed them in the frame. */
	signalled(1, &after);
	is(after.mxcsr, 0x5f80);
	is(after.environment[0], 0x077f);
	holds(is_filled(after.vector[9], 16, 0x5a));
	holds(!memcmp(after.vector[9] + 16, dirty.vector[9] + 16, fpu_has_avx ? 16 : 0));
	holds(!memcmp(after.vector[8], dirty.vector[8], fpu_has_avx ? 32 : 16));
	is(fpu_differences(&dirty, &after), 3);

	/* Without an image they are initial again. */
	signalled(2, &after);
	is(after.mxcsr, FPU_INITIAL_MXCSR);
	is(after.environment[0], FPU_INITIAL_CONTROL);
	holds(is_filled(after.vector[9], fpu_has_avx ? 32 : 16, 0));

	/* With the image of FXSAVE only, what that does not know is. */
	signalled(3, &after);
	holds(is_filled(after.vector[9], 16, 0x3c));
	holds(is_filled(after.vector[9] + 16, fpu_has_avx ? 16 : 0, 0));
	holds(!memcmp(after.vector[8], dirty.vector[8], 16));

	/* A handler within a program that has not done anything yet, as far as one can tell. */
	CHILD({
		change = 1;
		calls = 0;
		ok(kill(getpid(), SIGUSR1));
		is(calls, 1);
		unsigned mxcsr;
		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
		is(mxcsr, 0x5f80);
	});

	/* Threads go on with the modes of who makes them. */
	unsigned mode = 0x3f80;
	unsigned short control = 0x0b7f;
	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mode), "m"(control));
	pthread_t thread;
	memset(&seen, 0, sizeof seen);
	gives(pthread_create(&thread, NULL, new_thread, &seen), 0);
	gives(pthread_join(thread, NULL), 0);
	is(seen.mxcsr, 0x3f80);
	is(seen.environment[0], 0x0b7f);
}
