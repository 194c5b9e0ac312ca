//! `madvise`, `mincore`, `msync`, `membarrier`.

use core::sync::atomic::{fence, Ordering};

use exo_kernel::arch::USER_TOP;
use exo_kernel::mm::space::ForkPolicy;
use exo_kernel::mm::PAGE_SIZE;
use posix_x_abi::uapi::general as g;

use super::map::space;
use super::{check_aligned, pages};
use crate::process::Task;
use crate::{Errno, SysResult, UserAddr};

/// ENOMEM if a part of the range is not mapped.
fn check_mapped(addr: usize, len: usize) -> Result<(), Errno> {
    if space().is_mapped(addr, len) {
        Ok(())
    } else {
        Err(Errno::ENOMEM)
    }
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `madvise(2)`
    pub fn madvise(_t: &Task, addr: usize, length: usize, advice: i32) -> SysResult {
        check_aligned(addr)?;
        let len = pages(length, Errno::EINVAL)?;
        addr.checked_add(len).ok_or(Errno::EINVAL)?;
        let advice = u32::try_from(advice).map_err(|_| Errno::EINVAL)?;
        match advice {
            g::MADV_DONTNEED | g::MADV_FREE | g::MADV_DONTNEED_LOCKED if len > 0 => {
                space().advise_dont_need(addr, len)?;
                Ok(0)
            }
            g::MADV_POPULATE_READ | g::MADV_POPULATE_WRITE if len > 0 => {
                space().populate(addr, len, advice == g::MADV_POPULATE_WRITE)?;
                Ok(0)
            }
            g::MADV_DONTFORK | g::MADV_DOFORK | g::MADV_WIPEONFORK | g::MADV_KEEPONFORK if len > 0 => {
                let policy = match advice {
                    g::MADV_DONTFORK => ForkPolicy::Omit,
                    g::MADV_DOFORK => ForkPolicy::Inherit,
                    g::MADV_WIPEONFORK => ForkPolicy::Wipe,
                    _ => ForkPolicy::Keep,
                };
                space().advise_fork(addr, len, policy)?;
                Ok(0)
            }
            g::MADV_NORMAL
            | g::MADV_DONTFORK
            | g::MADV_DOFORK
            | g::MADV_WIPEONFORK
            | g::MADV_KEEPONFORK
            | g::MADV_RANDOM
            | g::MADV_SEQUENTIAL
            | g::MADV_WILLNEED
            | g::MADV_DONTNEED
            | g::MADV_FREE
            | g::MADV_DONTNEED_LOCKED
            | g::MADV_POPULATE_READ
            | g::MADV_POPULATE_WRITE
            | g::MADV_DODUMP
            | g::MADV_DONTDUMP
            | g::MADV_HUGEPAGE
            | g::MADV_NOHUGEPAGE
            | g::MADV_COLD
            | g::MADV_PAGEOUT => {
                if len > 0 {
                    check_mapped(addr, len)?;
                }
                Ok(0)
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// `mincore(2)`
    pub fn mincore(_t: &Task, addr: usize, length: usize, vec: UserAddr) -> SysResult {
        check_aligned(addr)?;
        let len = pages(length, Errno::ENOMEM)?;
        if len > USER_TOP || addr > USER_TOP - len {
            return Err(Errno::ENOMEM);
        }
        // In pieces, so that the answer is written with no lock held.
        const PIECE: usize = 256;
        let count = len / PAGE_SIZE;
        for first in (0..count).step_by(PIECE) {
            let piece = PIECE.min(count - first);
            let mut present = [0u8; PIECE];
            let mut index = 0;
            space().mincore(addr + first * PAGE_SIZE, piece * PAGE_SIZE, &mut |page| {
                if let Some(slot) = present.get_mut(index) {
                    *slot = u8::from(page);
                }
                index += 1;
            })?;
            vec.add(first).write_slice(&present[..piece])?;
        }
        Ok(0)
    }

    /// `msync(2)`: files in memory are always up to date.
    pub fn msync(_t: &Task, addr: usize, length: usize, flags: u32) -> SysResult {
        const KNOWN: u32 = g::MS_ASYNC | g::MS_INVALIDATE | g::MS_SYNC;
        if flags & !KNOWN != 0 || flags & (g::MS_ASYNC | g::MS_SYNC) == g::MS_ASYNC | g::MS_SYNC {
            return Err(Errno::EINVAL);
        }
        check_aligned(addr)?;
        let len = pages(length, Errno::ENOMEM)?;
        if len > 0 {
            check_mapped(addr, len)?;
        }
        Ok(0)
    }

    /// `membarrier(2)`
    pub fn membarrier(_t: &Task, cmd: i32, flags: u32, _cpu: i32) -> SysResult {
        const QUERY: i32 = 0;
        const GLOBAL: i32 = 1;
        const GLOBAL_EXPEDITED: i32 = 2;
        const REGISTER_GLOBAL_EXPEDITED: i32 = 4;
        const PRIVATE_EXPEDITED: i32 = 8;
        const REGISTER_PRIVATE_EXPEDITED: i32 = 16;
        const ALL: i32 = GLOBAL
            | GLOBAL_EXPEDITED
            | REGISTER_GLOBAL_EXPEDITED
            | PRIVATE_EXPEDITED
            | REGISTER_PRIVATE_EXPEDITED;
        if flags != 0 {
            return Err(Errno::EINVAL);
        }
        match cmd {
            QUERY => Ok(ALL as usize),
            GLOBAL | GLOBAL_EXPEDITED | PRIVATE_EXPEDITED => {
                // One CPU runs programs, so the order of the program is the order of memory.
                fence(Ordering::SeqCst);
                Ok(0)
            }
            REGISTER_GLOBAL_EXPEDITED | REGISTER_PRIVATE_EXPEDITED => Ok(0),
            _ => Err(Errno::EINVAL),
        }
    }
}
