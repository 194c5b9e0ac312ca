//! The native calls: what Exo-OS offers beyond Linux, in numbers that Linux does not use.
//!
//! The rows are written as those of [`crate::syscall_table!`] and mean the same; a handler is
//! `posix_x::native::calls::NAME`. Linux answers ENOSYS to all of these numbers, so a program can probe.
//! `musl-port/libexo` has the C functions; `examples/c-numbers.rs` prints their numbers as C.
//!
//! | numbers | calls |
//! |---|---|
//! | 0x1000–0x10ff | the interface itself, rings, pools, channels |
//! | 0x1100–0x11ff | capabilities |
//! | 0x1200–0x12ff | pledge and unveil |

use bytemuck::{Pod, Zeroable};

use crate::is_ordered;

/// Constants of the calls on capabilities.
pub mod cap {
    /// Kinds of objects.
    pub const FILE: u32 = 1;
    pub const CHANNEL: u32 = 2;
    pub const RING: u32 = 3;
    pub const MEMORY: u32 = 4;
    pub const PROCESS: u32 = 5;
    pub const THREAD: u32 = 6;
    pub const TIMER: u32 = 7;
    pub const SPACE: u32 = 8;
    pub const EVENT: u32 = 9;
    /// Revoke the capability itself, too.
    pub const ITSELF: u32 = 1;
    /// Bits of [`CapInfo::state`](super::CapInfo::state).
    pub const DERIVED: u32 = 1;
    pub const REVOKED: u32 = 2;
}

/// What `exo_cap_info` tells.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable, PartialEq, Eq, Debug)]
pub struct CapInfo {
    /// What it stands for: one of the kinds in [`cap`].
    pub kind: u32,
    pub state: u32,
    /// What the holder may do.
    pub rights: u64,
    /// What whoever derived it wrote on it; 0 for an original one.
    pub badge: u64,
    /// Its place in the tree of derived capabilities; 0 for an original one.
    pub place: u64,
    /// The place that it was derived from.
    pub parent: u64,
}

/// Expands `callback!` with every row of the table of native calls.
#[macro_export]
macro_rules! native_table {
    ($callback:path) => {
        $callback! {
        0x1000 exo_version hybrid () full [stdio];
        0x1001 exo_ring_create hybrid (form: u32, shift: u32, flags: u32, fds: UserPtr<[i32; 2]>) full [stdio];
        0x1002 exo_ring_map hybrid (fd: Fd, map: UserPtr<RingMap>) full [stdio];
        0x1003 exo_ring_duplicate hybrid (fd: Fd, flags: u32) full [stdio];
        0x1004 exo_ring_park hybrid (fd: Fd, epoch: u32, timeout: UserPtr<Timespec>) full [stdio];
        0x1005 exo_ring_wake hybrid (fd: Fd) full [stdio];
        0x1006 exo_ring_close hybrid (fd: Fd) full [stdio];
        0x1007 exo_ring_stat hybrid (fd: Fd, stat: UserPtr<RingStat>) full [stdio];
        0x1010 exo_pool_create hybrid (classes: UserPtr<PoolClass>, count: u32, flags: u32) full [stdio];
        0x1011 exo_pool_join hybrid (fd: Fd, writable: u32, flags: u32) full [stdio];
        0x1012 exo_pool_map hybrid (fd: Fd, map: UserPtr<PoolMap>) full [stdio];
        0x1020 exo_name hybrid (fd: Fd, name: UserStr, mode: u32) full [unix];
        0x1021 exo_unname hybrid (name: UserStr) full [unix];
        0x1022 exo_attach hybrid (name: UserStr, side: u32, flags: u32) full [unix];
        0x1100 exo_cap_clone hybrid (fd: Fd, rights: u64, badge: u64, flags: u32) full [stdio];
        0x1101 exo_cap_restrict hybrid (fd: Fd, rights: u64) full [stdio];
        0x1102 exo_cap_revoke hybrid (fd: Fd, flags: u32) full [stdio];
        0x1103 exo_cap_info hybrid (fd: Fd, info: UserPtr<CapInfo>) full [stdio];
        0x1104 exo_cap_check hybrid (fd: Fd, ancestor: Fd) full [stdio];
        0x1105 exo_cap_open hybrid (kind: u32, id: Pid, flags: u32) full [proc];
        0x1200 exo_pledge hybrid (promises: UserStr, exec_promises: UserStr) full [always];
        0x1201 exo_unveil hybrid (path: UserStr, permissions: UserStr) full [unveil];
        }
    };
}

native_table!(rows);

/// What `exo_version` answers: changed when a call changes its meaning, not when one is added.
pub const VERSION: usize = 1;

/// The lowest number of a native call.
pub const FIRST: usize = 0x1000;

/// One more than the highest number.
pub const LIMIT: usize = SYSCALLS[SYSCALLS.len() - 1].number as usize + 1;

const _: () = assert!(is_ordered(SYSCALLS) && SYSCALLS[0].number as usize >= FIRST, "ordered by number");
