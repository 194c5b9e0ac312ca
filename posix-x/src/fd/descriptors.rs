//! Calls on descriptors themselves: closing and duplicating.

use alloc::sync::Arc;

use exo_kernel::cap::{Capability, Rights};
use posix_x_abi::uapi::general::O_CLOEXEC;

use super::{limit, FdTable};
use crate::{Errno, Fd, SysResult, Task};

const CLOSE_RANGE_UNSHARE: u32 = 2;
const CLOSE_RANGE_CLOEXEC: u32 = 4;

/// Closes a descriptor. It is free whatever the object says about its last data.
pub fn close(t: &Task, fd: Fd) -> SysResult {
    t.files().remove(fd.0)?.close()?;
    Ok(0)
}

/// Closes all descriptors of a range, or marks them close-on-exec.
pub fn close_range(t: &Task, first: u32, last: u32, flags: u32) -> SysResult {
    if flags & !(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) != 0 || first > last {
        return Err(Errno::EINVAL);
    }
    let (first, last) = (first as usize, last as usize);
    if flags & CLOSE_RANGE_UNSHARE != 0 && Arc::strong_count(t.files()) > 1 {
        let whole = flags & CLOSE_RANGE_CLOEXEC != 0;
        let own = if whole { t.files().duplicate()? } else { t.files().duplicate_outside(first, last)? };
        t.set_files(Some(Arc::new(own)));
    }
    if flags & CLOSE_RANGE_CLOEXEC != 0 {
        t.files().set_range_close_on_exec(first, last);
        return Ok(0);
    }
    let mut next = first;
    while let Some((fd, removed)) = t.files().remove_next(next, last, |_| true) {
        drop(removed);
        next = fd + 1;
    }
    Ok(0)
}

/// Another handle on the same object, if the holder may make one.
pub(super) fn duplicate(capability: &Capability) -> Result<Capability, Errno> {
    capability.file(Rights::DUP)?;
    Ok(capability.clone())
}

/// The lowest free descriptor becomes another name of what `fd` stands for.
pub fn dup(t: &Task, fd: Fd) -> SysResult {
    let capability = duplicate(&*FdTable::get(t.files(), fd.0)?)?;
    Ok(t.files().insert(capability, false, 0, limit(t))? as usize)
}

/// `newfd` becomes another name of what `oldfd` stands for. Nothing happens if they are the same.
pub fn dup2(t: &Task, oldfd: Fd, newfd: Fd) -> SysResult {
    if oldfd == newfd {
        FdTable::get(t.files(), oldfd.0)?;
        return Ok(newfd.0 as usize);
    }
    replace(t, oldfd, newfd, false)
}

/// As [`dup2`], but with flags, and an error if both are the same.
pub fn dup3(t: &Task, oldfd: Fd, newfd: Fd, flags: u32) -> SysResult {
    if flags & !O_CLOEXEC != 0 || oldfd == newfd {
        return Err(Errno::EINVAL);
    }
    replace(t, oldfd, newfd, flags & O_CLOEXEC != 0)
}

fn replace(t: &Task, oldfd: Fd, newfd: Fd, close_on_exec: bool) -> SysResult {
    let target = usize::try_from(newfd.0).ok().filter(|&fd| fd < limit(t)).ok_or(Errno::EBADF)?;
    let capability = duplicate(&*FdTable::get(t.files(), oldfd.0)?)?;
    // dup2(2): errors of the implied close are lost.
    drop(t.files().replace(target, capability, close_on_exec)?);
    Ok(target)
}
