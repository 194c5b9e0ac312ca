#include "hostile.h"

/* A small generator, so that every run and every system sees the same calls. */
static unsigned long seed;
static unsigned long next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static unsigned long argument(char *buffer)
{
	switch (next() % 8) {
	case 0: return next() % 16;
	case 1: return (unsigned long)buffer + next() % 4096;
	case 2: return next();
	case 3: return next() & 0xffff;
	case 4: return -(next() % 4096);
	case 5: return 1UL << (next() % 64);
	case 6: return 0;
	default: return (unsigned long)buffer;
	}
}

/* Calls that answer; nothing that ends, blocks for ever, signals others or changes the machine. */
static const short numbers[] = {
	SYS_read, SYS_write, SYS_open, SYS_stat, SYS_fstat, SYS_lstat, SYS_lseek, SYS_mprotect, SYS_ioctl, SYS_pread64,
	SYS_pwrite64, SYS_readv, SYS_writev, SYS_access, SYS_pipe, SYS_madvise, SYS_mincore, SYS_dup, SYS_dup2, SYS_getitimer,
	SYS_socketpair, SYS_fcntl, SYS_flock, SYS_fsync, SYS_truncate, SYS_ftruncate, SYS_getdents64, SYS_getcwd, SYS_mkdir,
	SYS_link, SYS_symlink, SYS_readlink, SYS_umask, SYS_gettimeofday, SYS_getrlimit, SYS_getrusage, SYS_sysinfo, SYS_times,
	SYS_getgroups, SYS_rt_sigpending, SYS_sigaltstack, SYS_mknod, SYS_statfs, SYS_fstatfs, SYS_getpriority, SYS_mlock,
	SYS_munlock, SYS_setxattr, SYS_getxattr, SYS_listxattr, SYS_time, SYS_epoll_create, SYS_timer_create, SYS_clock_gettime,
	SYS_clock_getres, SYS_epoll_ctl, SYS_openat, SYS_mkdirat, SYS_newfstatat, SYS_linkat, SYS_symlinkat, SYS_readlinkat,
	SYS_faccessat, SYS_set_robust_list, SYS_utimensat, SYS_timerfd_create, SYS_eventfd, SYS_fallocate, SYS_timerfd_settime,
	SYS_timerfd_gettime, SYS_signalfd4, SYS_eventfd2, SYS_epoll_create1, SYS_dup3, SYS_pipe2, SYS_renameat2, SYS_getrandom,
	SYS_memfd_create, SYS_copy_file_range, SYS_preadv2, SYS_statx, SYS_sendfile, SYS_mmap, SYS_getpid, SYS_uname,
	SYS_rt_sigaction, SYS_sched_getaffinity, SYS_tee, SYS_splice, SYS_msync,
};

static void storm(void *arg)
{
	char *buffer = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct rlimit small = {64, 64}, size = {1 << 20, 1 << 20}, space = {(rlim_t)256 << 20, (rlim_t)256 << 20};
	seed = 0x9e3779b97f4a7c15 + (unsigned long)arg * 0x1234567;
	setrlimit(RLIMIT_NOFILE, &small);
	setrlimit(RLIMIT_FSIZE, &size);
	setrlimit(RLIMIT_AS, &space);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	/* Absolute paths, such as the random half of what getcwd gave, lead nowhere else. */
	need(chroot("."));
	int sink = open("sink", O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (int fd = 0; fd < 3; fd++)
		dup2(sink, fd);
	become(12345);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {1, 0}}, NULL);
	for (int i = 0; i < 20000; i++) {
		for (int j = 0; j < 16; j++)
			buffer[next() % 4096] = (char)next();
		long nr = numbers[next() % (sizeof numbers / sizeof numbers[0])];
		unsigned long a[6];
		for (int j = 0; j < 6; j++)
			a[j] = argument(buffer);
		/* Not over the program's own code and stack: mappings only where the kernel likes. */
		if (nr == SYS_mmap)
			a[0] = 0, a[1] &= 0xffffff, a[3] = MAP_PRIVATE | MAP_ANONYMOUS;
		if (nr == SYS_mprotect || nr == SYS_madvise)
			a[0] = (unsigned long)buffer + 4096;
		(syscall)(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
}

TEST("random system calls with random arguments, the same in every run")
{
	need(mkdir("sandbox", 0777));
	need(chdir("sandbox"));
	for (unsigned long i = 1; i <= 12; i++)
		run_guarded(storm, (void *)i, 4000);
	note("12 storms");
	need(chdir(".."));
	still_alive();
}
