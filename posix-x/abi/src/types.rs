//! The structures that cross the boundary, laid out as Linux does on x86-64.
//!
//! All are [`Pod`]: without padding (where C pads, a field says so) and valid for every bit pattern.

use bytemuck::{Pod, Zeroable};

macro_rules! structs {
    ($($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident : $type:ty),* $(,)? })*) => { $(
        $(#[$meta])*
        #[repr(C)]
        #[derive(Clone, Copy, Pod, Zeroable, PartialEq, Eq, Debug)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type),* }

        impl Default for $name {
            fn default() -> Self {
                Self::zeroed()
            }
        }
    )* };
}

structs! {
    /// `exo_ring_map`: where a ring is mapped, and what it is. `form` 1 to 3, `side` 1 receives, 2 sends.
    RingMap { address: u64, length: u64, form: u32, shift: u32, side: u32, reserved: u32 }
    /// `exo_ring_stat`: messages or bytes in the ring, open ends, how often ends slept and were to be woken.
    RingStat {
        form: u32, shift: u32, side: u32, reserved: u32, used: u64, receivers: u32, senders: u32,
        receiver_parks: u64, sender_parks: u64, receiver_wakes: u64, sender_wakes: u64,
    }
    /// `exo_pool_create`: blocks of one size.
    PoolClass { size: u64, count: u32, reserved: u32 }
    /// `exo_pool_map`: where a pool is mapped, as which side, and what blocks it has.
    PoolMap {
        table: u64, table_length: u64, data: u64, data_length: u64, side: u32, writable: u32, count: u32,
        in_use: u32, classes: [PoolClass; 8],
    }

    /// Seconds and nanoseconds.
    Timespec { sec: i64, nsec: i64 }
    /// Seconds and microseconds.
    Timeval { sec: i64, usec: i64 }
    /// What `gettimeofday` used to give.
    Timezone { minuteswest: i32, dsttime: i32 }
    /// An interval timer of `setitimer`.
    Itimerval { interval: Timeval, value: Timeval }
    /// An interval timer of `timer_settime` and `timerfd_settime`.
    Itimerspec { interval: Timespec, value: Timespec }
    /// `times`: clock ticks of 10 ms.
    Tms { utime: i64, stime: i64, cutime: i64, cstime: i64 }
    /// `utime`.
    Utimbuf { actime: i64, modtime: i64 }

    /// One run of a scattered buffer.
    Iovec { base: u64, len: u64 }
    /// `stat`.
    Stat {
        dev: u64, ino: u64, nlink: u64, mode: u32, uid: u32, gid: u32, pad0: u32, rdev: u64, size: i64,
        blksize: i64, blocks: i64, atime: Timespec, mtime: Timespec, ctime: Timespec, unused: [i64; 3],
    }
    /// A time stamp of `statx`.
    StatxTimestamp { sec: i64, nsec: u32, pad: i32 }
    /// `statx`.
    Statx {
        mask: u32, blksize: u32, attributes: u64, nlink: u32, uid: u32, gid: u32, mode: u16, pad0: u16,
        ino: u64, size: u64, blocks: u64, attributes_mask: u64, atime: StatxTimestamp, btime: StatxTimestamp,
        ctime: StatxTimestamp, mtime: StatxTimestamp, rdev_major: u32, rdev_minor: u32, dev_major: u32,
        dev_minor: u32, mnt_id: u64, dio_mem_align: u32, dio_offset_align: u32, spare: [u64; 12],
    }
    /// `statfs`.
    Statfs {
        kind: i64, bsize: i64, blocks: u64, bfree: u64, bavail: u64, files: u64, ffree: u64, fsid: [i32; 2],
        namelen: i64, frsize: i64, flags: i64, spare: [i64; 4],
    }
    /// A record lock.
    Flock { kind: i16, whence: i16, pad0: i32, start: i64, len: i64, pid: i32, pad1: i32 }
    /// `F_SETOWN_EX`.
    FOwnerEx { kind: i32, pid: i32 }
    /// `openat2`.
    OpenHow { flags: u64, mode: u64, resolve: u64 }
    /// `poll`.
    PollFd { fd: i32, events: u16, revents: u16 }

    /// `uname`.
    Utsname {
        sysname: [u8; 65], nodename: [u8; 65], release: [u8; 65], version: [u8; 65], machine: [u8; 65],
        domainname: [u8; 65],
    }
    /// `sysinfo`.
    Sysinfo {
        uptime: i64, loads: [u64; 3], totalram: u64, freeram: u64, sharedram: u64, bufferram: u64,
        totalswap: u64, freeswap: u64, procs: u16, pad: u16, pad1: u32, totalhigh: u64, freehigh: u64,
        mem_unit: u32, pad2: u32,
    }
    /// `getrusage`, `wait4`.
    Rusage {
        utime: Timeval, stime: Timeval, maxrss: i64, ixrss: i64, idrss: i64, isrss: i64, minflt: i64,
        majflt: i64, nswap: i64, inblock: i64, oublock: i64, msgsnd: i64, msgrcv: i64, nsignals: i64,
        nvcsw: i64, nivcsw: i64,
    }
    /// A resource limit.
    Rlimit { cur: u64, max: u64 }
    /// `clone3`, in its longest form.
    CloneArgs {
        flags: u64, pidfd: u64, child_tid: u64, parent_tid: u64, exit_signal: u64, stack: u64, stack_size: u64,
        tls: u64, set_tid: u64, set_tid_size: u64, cgroup: u64,
    }
    /// `sched_setattr` and `sched_getattr`, in its longest form.
    SchedAttr {
        size: u32, policy: u32, flags: u64, nice: i32, priority: u32, runtime: u64, deadline: u64, period: u64,
        util_min: u32, util_max: u32,
    }
    /// One instruction of classic BPF (`struct sock_filter`).
    SockFilter { code: u16, jt: u8, jf: u8, k: u32 }
    /// A program of classic BPF (`struct sock_fprog`).
    SockFprog { len: u16, pad: [u16; 3], filter: u64 }
    /// `capget` and `capset`: version and process.
    CapHeader { version: u32, pid: i32 }
    /// `capget` and `capset`: 32 bits of each set.
    CapData { effective: u32, permitted: u32, inheritable: u32 }
    /// Owner and permissions of an object of System V IPC.
    IpcPerm {
        key: i32, uid: u32, gid: u32, cuid: u32, cgid: u32, mode: u32, seq: u16, pad: [u16; 3], unused: [u64; 2],
    }
    /// One operation of `semop`.
    Sembuf { num: u16, op: i16, flg: i16 }
    /// `semctl(IPC_STAT)`.
    SemidDs { perm: IpcPerm, otime: i64, unused1: u64, ctime: i64, unused2: u64, nsems: u64, unused3: [u64; 2] }
    /// `semctl(IPC_INFO)` and `semctl(SEM_INFO)`.
    Seminfo {
        semmap: i32, semmni: i32, semmns: i32, semmnu: i32, semmsl: i32, semopm: i32, semume: i32, semusz: i32,
        semvmx: i32, semaem: i32,
    }
    /// `shmctl(IPC_STAT)`.
    ShmidDs {
        perm: IpcPerm, segsz: u64, atime: i64, dtime: i64, ctime: i64, cpid: i32, lpid: i32, nattch: u64,
        unused: [u64; 2],
    }
    /// `shmctl(IPC_INFO)`.
    Shminfo { shmmax: u64, shmmin: u64, shmmni: u64, shmseg: u64, shmall: u64, unused: [u64; 4] }
    /// `shmctl(SHM_INFO)`.
    ShmInfo {
        used_ids: i32, pad: i32, shm_tot: u64, shm_rss: u64, shm_swp: u64, swap_attempts: u64, swap_successes: u64,
    }
    /// `msgctl(IPC_STAT)`.
    MsqidDs {
        perm: IpcPerm, stime: i64, rtime: i64, ctime: i64, cbytes: u64, qnum: u64, qbytes: u64, lspid: i32,
        lrpid: i32, unused: [u64; 2],
    }
    /// `msgctl(IPC_INFO)` and `msgctl(MSG_INFO)`.
    Msginfo {
        msgpool: i32, msgmap: i32, msgmax: i32, msgmnb: i32, msgmni: i32, msgssz: i32, msgtql: i32, msgseg: u16,
        pad: u16,
    }

    /// The list of robust futexes a thread holds.
    RobustListHead { list: u64, futex_offset: i64, list_op_pending: u64 }

    /// `rt_sigaction`.
    SigAction { handler: u64, flags: u64, restorer: u64, mask: u64 }
    /// `siginfo_t`: the three numbers all have, and 112 bytes whose meaning depends on them.
    SigInfo { signo: i32, errno: i32, code: i32, pad: i32, fields: [u64; 14] }
    /// `sigaltstack`.
    StackT { sp: u64, flags: i32, pad: i32, size: u64 }
    /// How a timer notifies.
    Sigevent { value: u64, signo: i32, notify: i32, tid: i32, pad: [i32; 11] }
    /// What a `signalfd` gives to read.
    SignalfdSiginfo {
        signo: u32, errno: i32, code: i32, pid: u32, uid: u32, fd: i32, tid: u32, band: u32, overrun: u32,
        trapno: u32, status: i32, int: i32, ptr: u64, utime: u64, stime: u64, addr: u64, addr_lsb: u16,
        pad2: u16, syscall: i32, call_addr: u64, arch: u32, pad: [u8; 28],
    }

    /// What a terminal does with bytes.
    Termios { iflag: u32, oflag: u32, cflag: u32, lflag: u32, line: u8, cc: [u8; 19] }
    /// A terminal's size.
    Winsize { row: u16, col: u16, xpixel: u16, ypixel: u16 }
}

/// `epoll_ctl`, `epoll_wait`: packed on x86-64.
#[repr(C, packed)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub struct EpollEvent {
    pub events: u32,
    pub data: u64,
}

macro_rules! sizes {
    ($($name:ident $size:literal),*) => { $(const _: () = assert!(core::mem::size_of::<$name>() == $size);)* };
}
sizes! {
    Stat 144, Statx 256, Statfs 120, Flock 32, Utsname 390, Sysinfo 112, Rusage 144, CloneArgs 88, SchedAttr 56,
    SigAction 32, SigInfo 128, StackT 24, Sigevent 64, SignalfdSiginfo 128, Termios 36, EpollEvent 12,
    PollFd 8, RobustListHead 24, IpcPerm 48, Sembuf 6, SemidDs 104, Seminfo 40, ShmidDs 112, Shminfo 72, ShmInfo 48,
    MsqidDs 120, Msginfo 32
}
