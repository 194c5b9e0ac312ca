//! Advisory locks: record locks of processes and of open files (`fcntl`), and whole-file locks (`flock`).

use alloc::sync::Arc;

use exo_kernel::cap::Rights;
use exo_kernel::user::UserPtr;
use exo_kernel::vfs::locks::{Holder, LockKind, Record};
use exo_kernel::vfs::{Access, InodeRef, OpenFile};
use posix_x_abi::types::Flock;

use super::FdTable;
use crate::{Errno, Fd, SysResult, Task};

const F_RDLCK: i16 = 0;
const F_WRLCK: i16 = 1;
const F_UNLCK: i16 = 2;

const LOCK_SH: u32 = 1;
const LOCK_EX: u32 = 2;
const LOCK_NB: u32 = 4;
const LOCK_UN: u32 = 8;

/// The last byte a lock can cover.
const LAST: i64 = i64::MAX;

/// The first and the last byte that `lock` means.
fn range(file: &OpenFile, lock: &Flock) -> Result<(u64, u64), Errno> {
    let base = match lock.whence {
        0 => 0,
        1 => file.position() as i64,
        2 => file.metadata()?.size as i64,
        _ => return Err(Errno::EINVAL),
    };
    let start = base.checked_add(lock.start).ok_or(Errno::EOVERFLOW)?;
    if start < 0 {
        return Err(Errno::EINVAL);
    }
    let (first, last) = match lock.len {
        0 => (start, LAST),
        1.. => (start, start.checked_add(lock.len - 1).ok_or(Errno::EOVERFLOW)?),
        // A negative length is the range before the start.
        _ => (start.checked_add(lock.len).ok_or(Errno::EINVAL)?, start - 1),
    };
    if first < 0 {
        return Err(Errno::EINVAL);
    }
    Ok((first as u64, last as u64))
}

fn holder(t: &Task, file: &OpenFile, of_description: bool) -> Holder {
    if of_description {
        Holder::Description(file.id())
    } else {
        t.files().holder()
    }
}

fn inode(file: &OpenFile) -> Result<InodeRef, Errno> {
    file.inode().ok_or(Errno::ENOLCK)
}

fn import(source: UserPtr<Flock>, of_description: bool) -> Result<Flock, Errno> {
    let lock = source.read()?;
    if of_description && lock.pid != 0 {
        return Err(Errno::EINVAL);
    }
    Ok(lock)
}

/// Who holds a lock in the way of this one (`F_GETLK`)?
pub(super) fn test(
    t: &Task,
    file: &Arc<OpenFile>,
    target: UserPtr<Flock>,
    of_description: bool,
) -> SysResult {
    let mut lock = import(target, of_description)?;
    let kind = match lock.kind {
        F_RDLCK => LockKind::Read,
        F_WRLCK => LockKind::Write,
        _ => return Err(Errno::EINVAL),
    };
    let (start, end) = range(file, &lock)?;
    let inode = inode(file)?;
    match inode.core().locks().test(holder(t, file, of_description), kind, start, end) {
        None => lock.kind = F_UNLCK,
        Some(other) => {
            lock.kind = if other.kind == LockKind::Read { F_RDLCK } else { F_WRLCK };
            lock.whence = 0;
            lock.start = other.start as i64;
            lock.len = if other.end == LAST as u64 { 0 } else { (other.end - other.start + 1) as i64 };
            lock.pid = if matches!(other.holder, Holder::Description(_)) { -1 } else { other.process };
        }
    }
    target.write(&lock)?;
    Ok(0)
}

/// Sets or takes away a lock (`F_SETLK`, `F_SETLKW`).
pub(super) fn set(
    t: &Task,
    file: &Arc<OpenFile>,
    fd: Fd,
    source: UserPtr<Flock>,
    of_description: bool,
    wait: bool,
) -> SysResult {
    let lock = import(source, of_description)?;
    let (start, end) = range(file, &lock)?;
    let holder = holder(t, file, of_description);
    let (kind, needed) = match lock.kind {
        F_RDLCK => (LockKind::Read, Access::READ),
        F_WRLCK => (LockKind::Write, Access::WRITE),
        F_UNLCK => {
            if let Some(locks) = inode(file)?.core().locks_if_any() {
                locks.clear(holder, start, end)?;
            }
            return Ok(0);
        }
        _ => return Err(Errno::EINVAL),
    };
    if !file.access().contains(needed) {
        return Err(Errno::EBADF);
    }
    let record = Record { start, end, kind, holder, process: t.pid() };
    let inode = inode(file)?;
    inode.core().locks().set(record, wait)?;
    // Another thread may have closed the descriptor before there was a lock to give up with it.
    let still_open = || FdTable::get(t.files(), fd.0).is_ok_and(|now| Arc::ptr_eq(now.object(), file));
    if !of_description && !still_open() {
        inode.core().locks().clear(holder, start, end)?;
        return Err(Errno::EBADF);
    }
    Ok(0)
}

/// Locks a whole file, for all who use the open file, or unlocks it.
pub fn flock(t: &Task, fd: Fd, operation: u32) -> SysResult {
    let wait = operation & LOCK_NB == 0;
    let exclusive = match operation & !LOCK_NB {
        LOCK_SH => Some(false),
        LOCK_EX => Some(true),
        LOCK_UN => None,
        _ => return Err(Errno::EINVAL),
    };
    let capability = FdTable::get(t.files(), fd.0)?;
    let file = capability.file(Rights::CONTROL)?;
    let inode = inode(file)?;
    match exclusive {
        Some(exclusive) => inode.core().locks().lock_file(file.id(), exclusive, wait)?,
        None => {
            if let Some(locks) = inode.core().locks_if_any() {
                locks.unlock_file(file.id());
            }
        }
    }
    Ok(0)
}
