//! `mlock` and its family. Nothing is ever paged out, so locking only counts, and makes present.

use exo_kernel::mm::PAGE_SIZE;
use posix_x_abi::uapi::general as g;

use super::map::space;
use super::pages;
use crate::process::{Resource, Task};
use crate::security::Caps;
use crate::{Errno, SysResult};

/// The whole pages that a range touches.
fn whole(addr: usize, length: usize) -> Result<(usize, usize), Errno> {
    let start = exo_kernel::mm::page_down(addr);
    let length = length.checked_add(addr - start).ok_or(Errno::EINVAL)?;
    let len = pages(length, Errno::EINVAL)?;
    start.checked_add(len).ok_or(Errno::EINVAL)?;
    Ok((start, len))
}

/// May `bytes` more be locked?
fn check_limit(t: &Task, bytes: usize) -> Result<(), Errno> {
    if t.creds().capable(Caps::IPC_LOCK) {
        return Ok(());
    }
    let limit = t.process().limit(Resource::LockedMemory);
    if limit == 0 {
        return Err(Errno::EPERM);
    }
    let locked = space().usage().locked * PAGE_SIZE;
    if (locked as u64).saturating_add(bytes as u64) > limit {
        return Err(Errno::ENOMEM);
    }
    Ok(())
}

fn lock(t: &Task, addr: usize, length: usize, later: bool) -> SysResult {
    let (start, len) = whole(addr, length)?;
    check_limit(t, len)?;
    if len > 0 {
        space().lock_range(start, len, true, later)?;
    }
    Ok(0)
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `mlock(2)`
    pub fn mlock(t: &Task, addr: usize, length: usize) -> SysResult {
        lock(t, addr, length, false)
    }

    /// `mlock2(2)`
    pub fn mlock2(t: &Task, addr: usize, length: usize, flags: u32) -> SysResult {
        if flags & !g::MLOCK_ONFAULT != 0 {
            return Err(Errno::EINVAL);
        }
        lock(t, addr, length, flags & g::MLOCK_ONFAULT != 0)
    }

    /// `munlock(2)`
    pub fn munlock(_t: &Task, addr: usize, length: usize) -> SysResult {
        let (start, len) = whole(addr, length)?;
        if len > 0 {
            space().lock_range(start, len, false, false)?;
        }
        Ok(0)
    }

    /// `mlockall(2)`
    pub fn mlockall(t: &Task, flags: u32) -> SysResult {
        const KNOWN: u32 = g::MCL_CURRENT | g::MCL_FUTURE | g::MCL_ONFAULT;
        if flags == 0 || flags & !KNOWN != 0 || flags == g::MCL_ONFAULT {
            return Err(Errno::EINVAL);
        }
        let current = flags & g::MCL_CURRENT != 0;
        check_limit(t, if current { space().vm_pages() * PAGE_SIZE } else { 0 })?;
        space().lock_all(current.then_some(true), flags & g::MCL_FUTURE != 0, flags & g::MCL_ONFAULT != 0)?;
        Ok(0)
    }

    /// `munlockall(2)`
    pub fn munlockall(_t: &Task) -> SysResult {
        space().lock_all(Some(false), false, false)?;
        Ok(0)
    }
}
