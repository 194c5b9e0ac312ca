//! Advice about how a file will be read. Everything is in memory, so that there is nothing to do but to check.

use exo_kernel::cap::Rights;
use exo_kernel::vfs::NodeKind;

use super::FdTable;
use crate::{Errno, Fd, SysResult, Task};

/// Reads ahead into the page cache.
pub fn readahead(t: &Task, fd: Fd, _offset: i64, _count: usize) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    let file = capability.file(Rights::READ)?;
    if !matches!(file.metadata()?.kind, NodeKind::File | NodeKind::BlockDevice) {
        return Err(Errno::EINVAL);
    }
    Ok(0)
}

/// Says how a range will be used (`POSIX_FADV_NORMAL` to `POSIX_FADV_NOREUSE`).
pub fn fadvise64(t: &Task, fd: Fd, _offset: i64, len: i64, advice: i32) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    let file = capability.file(Rights::CONTROL)?;
    if file.metadata()?.kind == NodeKind::Fifo {
        return Err(Errno::ESPIPE);
    }
    if len < 0 || !(0..=5).contains(&advice) {
        return Err(Errno::EINVAL);
    }
    Ok(0)
}
