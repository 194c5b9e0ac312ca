/*
 * All floating point and vector registers at once, in the assembler's hands: what is loaded, lived through and stored
 * in one statement is none of the compiler's.
 */
#ifndef EXO_FPU_H
#define EXO_FPU_H

#include "test.h"

#define FPU_INITIAL_MXCSR 0x1f80
#define FPU_INITIAL_CONTROL 0x037f

struct fpu {
	/* The ymm registers; without AVX the lower halves count, which are the xmm registers. */
	unsigned char vector[16][32];
	/* The x87 stack, ten bytes each. */
	unsigned char stack[8][16];
	/* Control, status and tag word are at 0, 4 and 8. */
	unsigned short environment[14];
	unsigned mxcsr;
};

static int fpu_has_avx;

static UNUSED void fpu_detect(void)
{
	fpu_has_avx = __builtin_cpu_supports("avx") != 0;
}

#define FPU_EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define FPU_LOAD_XMM(n) "movups 32*" #n "(%[in]), %%xmm" #n "\n"
#define FPU_LOAD_YMM(n) "vmovups 32*" #n "(%[in]), %%ymm" #n "\n"
#define FPU_STORE_XMM(n) "movups %%xmm" #n ", 32*" #n "(%[out])\n"
#define FPU_STORE_YMM(n) "vmovups %%ymm" #n ", 32*" #n "(%[out])\n"
#define FPU_LOAD_STACK(n) "fldt 512+16*(7-" #n ")(%[in])\n"
#define FPU_STORE_STACK(n) "fstpt 512+16*" #n "(%[out])\n"
#define FPU_STACK(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

/* Loads all, does `between` (with rax, rcx, rdx, rdi, rsi, r10, r11 at its disposal), stores all. */
#define FPU_LIVE(between, result)                                                                             \
	__asm__ volatile("fninit; fldcw 640(%[in])\n" FPU_STACK(FPU_LOAD_STACK) "ldmxcsr 668(%[in])\n"        \
			 "testl %[avx], %[avx]; jz 1f\n" FPU_EACH(FPU_LOAD_YMM) "jmp 2f\n"                    \
			 "1:" FPU_EACH(FPU_LOAD_XMM) "2:\n" between                                           \
			 "testl %[avx], %[avx]; jz 3f\n" FPU_EACH(FPU_STORE_YMM) "vzeroupper; jmp 4f\n"       \
			 "3:" FPU_EACH(FPU_STORE_XMM) "4:\n"                                                  \
			 "fnstenv 640(%[out])\n" FPU_STACK(FPU_STORE_STACK) "stmxcsr 668(%[out])\n"           \
			 "fninit; ldmxcsr %[usual]\n"                                                         \
			 : "+a"(result), "+D"(arg1), "+S"(arg2), "+d"(arg3), [loops] "+r"(loops)              \
			 : [in] "r"(in), [out] "r"(out), [avx] "r"(fpu_has_avx), [usual] "m"(usual)           \
			 : "rcx", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", \
			   "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", \
			   "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)")

/* Has the registers of `in` through `loops` turns of a loop and then a system call; `out` is what they were after. */
static UNUSED long fpu_live(const struct fpu *in, struct fpu *out, long loops, long number, long arg1, long arg2,
			    long arg3)
{
	static const unsigned usual = FPU_INITIAL_MXCSR;
	long result = number;
	FPU_LIVE("5: subq $1, %[loops]; jg 5b\n syscall\n", result);
	return result;
}

/* Different registers for each seed. */
static UNUSED void fpu_fill(struct fpu *f, unsigned seed)
{
	memset(f, 0, sizeof *f);
	unsigned state = seed * 2654435761u + 12345;
	for (int i = 0; i < 16; i++)
		for (int j = 0; j < 32; j++) {
			state = state * 1103515245 + 12345;
			f->vector[i][j] = state >> 16;
		}
	for (int i = 0; i < 8; i++) {
		long double value = seed * 1000.0L + i + 0.5L;
		memcpy(f->stack[i], &value, 10);
	}
	/* Rounding modes; everything stays masked. */
	f->environment[0] = 0x037f | (seed & 3) << 10;
	f->mxcsr = FPU_INITIAL_MXCSR | (seed >> 2 & 3) << 13;
}

/* How many of the registers differ. */
static UNUSED int fpu_differences(const struct fpu *a, const struct fpu *b)
{
	int count = 0;
	for (int i = 0; i < 16; i++)
		count += memcmp(a->vector[i], b->vector[i], fpu_has_avx ? 32 : 16) != 0;
	for (int i = 0; i < 8; i++)
		count += memcmp(a->stack[i], b->stack[i], 10) != 0;
	return count + (a->environment[0] != b->environment[0]) + (a->mxcsr != b->mxcsr);
}

#endif
