#include "hostile.h"

/*
 * Every call with every combination of one bad argument among harmless ones, each number in a child
 * of its own. Nothing is expected of the answers: the kernel has to live, and to be whole afterwards.
 */
static const unsigned long bad[] = {
	0, 1, 8, 0xfff, 0x1000, 0x7ffffffff000, 0x7fffffffffff, 0x800000000000, 0xffff800000000000,
	0xffffffff80000000, 0xffffffffffffff00, 0xfffffffffffffff8, 0xffffffffffffffff, 0x8000000000000000,
	0x7fffffffffffffff, 0xdeadbeefdeadbeef,
};

/* What would stop the machine, the test, or its clock, rather than answer. */
static int skipped(long nr)
{
	static const short numbers[] = {
		SYS_exit, SYS_exit_group, SYS_reboot, SYS_pause, SYS_rt_sigsuspend, SYS_kill, SYS_tkill, SYS_tgkill,
		SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_fork, SYS_vfork, SYS_clone, SYS_clone3, SYS_settimeofday,
		SYS_clock_settime, SYS_sethostname, SYS_setdomainname, SYS_vhangup, SYS_kexec_load, SYS_kexec_file_load,
		SYS_swapon, SYS_swapoff, SYS_acct, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_adjtimex,
		SYS_clock_adjtime, SYS_syslog, SYS_sync, SYS_syncfs, SYS_setrlimit, SYS_prlimit64, SYS_pivot_root, SYS_ioperm,
		SYS_iopl, SYS_quotactl, SYS_setpriority, SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr,
		SYS_ioprio_set, SYS_process_vm_writev, SYS_ptrace, SYS_chroot, SYS_mount, SYS_umount2, SYS_setsid, SYS_setpgid,
		SYS_unshare, SYS_setns, SYS_bpf, SYS_perf_event_open, SYS_close, SYS_close_range, SYS_process_madvise,
		SYS_migrate_pages, SYS_move_pages, SYS_fanotify_init, 448 /* process_mrelease */, SYS_pidfd_send_signal, SYS_mlockall,
		SYS_personality, SYS_unlink, SYS_rmdir, SYS_rename, SYS_chmod, SYS_shmget, SYS_msgget, SYS_semget, SYS_mq_open, SYS_add_key, SYS_keyctl, SYS_shmctl, SYS_msgctl, SYS_semctl, SYS_shmdt,
		SYS_munmap, SYS_brk, SYS_mremap, SYS_arch_prctl, SYS_seccomp, SYS_landlock_restrict_self, SYS_prctl,
	};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (numbers[i] == nr)
			return 1;
	return 0;
}

static void try_number(void *arg)
{
	long nr = (long)(intptr_t)arg;
	static char buffer[4096];
	strcpy(buffer, "victim");
	/* No side effect survives the child: an ordinary user in a directory of its own. */
	become(12345);
	signal(SIGALRM, SIG_DFL);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {1, 500000}}, NULL);
	long good[] = {3, (long)buffer, 16, (long)buffer + 64, 0, 0};
	for (int position = 0; position < 6; position++)
		for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
			long a[6];
			memcpy(a, good, sizeof a);
			a[position] = (long)bad[i];
			/* A blocking call may sit here until the timer ends the child. */
			(syscall)(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		(syscall)(nr, bad[i], bad[i], bad[i], bad[i], bad[i], bad[i]);
}

TEST("bad pointers in every argument of every system call")
{
	int tried = 0;
	need(mkdir("sandbox", 0755));
	need(chdir("sandbox"));
	put_file("victim", "x");
	need(open("victim", O_RDONLY));
	for (long nr = 0; nr < 451; nr++) {
		if (skipped(nr))
			continue;
		tried++;
		fflush(stdout);
		pid_t pid = (pid_t)need(fork());
		if (pid == 0) {
			int null = open("/dev/null", O_RDWR);
			for (int fd = 0; fd < 3; fd++)
				dup2(null, fd);
			setpgid(0, 0);
			try_number((void *)(intptr_t)nr);
			_exit(0);
		}
		int status;
		for (long begun = now_ms(); waitpid(pid, &status, WNOHANG) == 0;) {
			if (now_ms() - begun > 2500) {
				kill(pid, SIGKILL);
				waitpid(pid, &status, 0);
				break;
			}
			sched_yield();
		}
	}
	is(tried > 300, 1);
	need(chdir(".."));
	still_alive();
}
