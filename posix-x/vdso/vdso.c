/*
 * The vDSO: clock_gettime, gettimeofday, time and getcpu without entering the kernel.
 *
 * The page before this library holds the clock's parameters (see exo_kernel::time::VdsoClock):
 * nanoseconds since boot = (counter - base) * factor / 2^32, wall clock = that + realtime_offset.
 * Every field is written whole, so no sequence count is needed. What is not answered here is left to
 * the system call.
 *
 * Position independent, without data of its own, freestanding.
 */

typedef unsigned long u64;
typedef long i64;
typedef unsigned int u32;

struct clock {
	u64 base;
	u64 factor;
	i64 realtime_offset;
};

struct timespec {
	i64 sec;
	i64 nsec;
};

struct timeval {
	i64 sec;
	i64 usec;
};

struct timezone {
	int minutes_west;
	int dst_time;
};

/* Its place is given by vdso.lds. */
extern const volatile struct clock vdso_clock __attribute__((visibility("hidden")));

#define NANOS 1000000000ul

enum { REALTIME = 0, MONOTONIC = 1, MONOTONIC_RAW = 4, REALTIME_COARSE = 5, MONOTONIC_COARSE = 6, BOOTTIME = 7, TAI = 11 };
enum { SYS_gettimeofday = 96, SYS_clock_gettime = 228 };

/* The limit of this segment is the CPU's number (NUMBER_SEGMENT in the kernel). */
#define NUMBER_SELECTOR 0x3b

static inline i64 syscall2(i64 number, i64 a, i64 b)
{
	i64 result;
	__asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

/* Nanoseconds since boot. */
static inline u64 since_boot(void)
{
	u32 low, high;
	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	u64 count = ((u64)high << 32 | low) - vdso_clock.base;
	return (u64)((unsigned __int128)count * vdso_clock.factor >> 32);
}

static inline u64 realtime(void)
{
	return since_boot() + (u64)vdso_clock.realtime_offset;
}

static inline void put(struct timespec *out, u64 nanos)
{
	u64 seconds = nanos / NANOS;
	out->sec = (i64)seconds;
	out->nsec = (i64)(nanos - seconds * NANOS);
}

int __vdso_clock_gettime(int clock, struct timespec *out)
{
	switch (clock) {
	case REALTIME:
	case REALTIME_COARSE:
	case TAI:
		/* Before 1970 the division would have to round down. */
		if (vdso_clock.realtime_offset < 0)
			break;
		put(out, realtime());
		return 0;
	case MONOTONIC:
	case MONOTONIC_RAW:
	case MONOTONIC_COARSE:
	case BOOTTIME:
		put(out, since_boot());
		return 0;
	}
	return (int)syscall2(SYS_clock_gettime, clock, (i64)out);
}

int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	if (vdso_clock.realtime_offset < 0)
		return (int)syscall2(SYS_gettimeofday, (i64)tv, (i64)tz);
	if (tv) {
		u64 nanos = realtime();
		u64 seconds = nanos / NANOS;
		tv->sec = (i64)seconds;
		tv->usec = (i64)((nanos - seconds * NANOS) / 1000);
	}
	if (tz) {
		tz->minutes_west = 0;
		tz->dst_time = 0;
	}
	return 0;
}

i64 __vdso_time(i64 *out)
{
	struct timespec now;
	__vdso_clock_gettime(REALTIME, &now);
	if (out)
		*out = now.sec;
	return now.sec;
}

int __vdso_getcpu(u32 *cpu, u32 *node, void *unused)
{
	u32 number;
	(void)unused;
	__asm__ volatile("lsl %1, %0" : "=r"(number) : "r"(NUMBER_SELECTOR) : "cc");
	if (cpu)
		*cpu = number;
	if (node)
		*node = 0;
	return 0;
}

#define ALIAS(name) __attribute__((weak, alias("__vdso_" #name)))
int clock_gettime(int clock, struct timespec *out) ALIAS(clock_gettime);
int gettimeofday(struct timeval *tv, struct timezone *tz) ALIAS(gettimeofday);
i64 time(i64 *out) ALIAS(time);
int getcpu(u32 *cpu, u32 *node, void *unused) ALIAS(getcpu);
