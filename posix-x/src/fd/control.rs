//! Length, room and writing back.

use exo_kernel::cap::Rights;
use exo_kernel::vfs::{self, AllocateFlags, NodeKind};

use super::{check_growth, memfd, offset, FdTable};
use crate::fs::at;
use crate::{Errno, Fd, SysResult, Task};

/// Cuts or extends an open file to a length.
pub fn ftruncate(t: &Task, fd: Fd, length: i64) -> SysResult {
    let length = offset(length)?;
    let capability = FdTable::get(t.files(), fd.0)?;
    // Not open for writing is EINVAL here, not EBADF.
    let file = capability.file(Rights::CONTROL)?;
    let kind = file.metadata()?.kind;
    if kind != NodeKind::File || capability.file(Rights::WRITE).is_err() {
        return Err(Errno::EINVAL);
    }
    check_growth(t, length, || file.metadata().map_or(0, |metadata| metadata.size))?;
    memfd::check_length(file, length)?;
    vfs::truncate_open(&at::caller(t).context(), file, length)?;
    Ok(0)
}

/// Gives or takes room.
pub fn fallocate(t: &Task, fd: Fd, mode: u32, offset: i64, len: i64) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    let file = capability.file(Rights::CONTROL)?;
    let offset = super::offset(offset)?;
    let length = super::offset(len).ok().filter(|&length| length > 0).ok_or(Errno::EINVAL)?;
    let flags = decode(mode)?;
    capability.file(Rights::WRITE)?;
    let end = offset.checked_add(length).filter(|&end| end <= i64::MAX as u64);
    match file.metadata()?.kind {
        NodeKind::File => {}
        NodeKind::Fifo => return Err(Errno::ESPIPE),
        NodeKind::Directory => return Err(Errno::EISDIR),
        _ => return Err(Errno::ENODEV),
    }
    let end = end.ok_or(Errno::EFBIG)?;
    if !flags.contains(AllocateFlags::KEEP_SIZE) {
        check_growth(t, end, || 0)?;
    }
    capability.allocate(flags, offset, length)?;
    Ok(0)
}

/// The combinations that Linux allows.
fn decode(mode: u32) -> Result<AllocateFlags, Errno> {
    let flags = AllocateFlags::from_bits(mode).ok_or(Errno::EOPNOTSUPP)?;
    let has = |flag| flags.contains(flag);
    if has(AllocateFlags::PUNCH_HOLE | AllocateFlags::ZERO_RANGE) {
        return Err(Errno::EOPNOTSUPP);
    }
    if has(AllocateFlags::PUNCH_HOLE) && !has(AllocateFlags::KEEP_SIZE) {
        return Err(Errno::EOPNOTSUPP);
    }
    let alone = [AllocateFlags::COLLAPSE_RANGE, AllocateFlags::INSERT_RANGE];
    if alone.iter().any(|&flag| has(flag) && flags != flag) {
        return Err(Errno::EINVAL);
    }
    if has(AllocateFlags::UNSHARE_RANGE)
        && !(AllocateFlags::UNSHARE_RANGE | AllocateFlags::KEEP_SIZE).contains(flags)
    {
        return Err(Errno::EINVAL);
    }
    Ok(flags)
}

/// Writes a file back.
pub fn fsync(t: &Task, fd: Fd) -> SysResult {
    FdTable::get(t.files(), fd.0)?.sync(false)?;
    Ok(0)
}

/// Writes a file's data back.
pub fn fdatasync(t: &Task, fd: Fd) -> SysResult {
    FdTable::get(t.files(), fd.0)?.sync(true)?;
    Ok(0)
}

/// Writes everything back.
pub fn sync(_t: &Task) -> SysResult {
    // sync(2) has no errors: who wants to know uses fsync.
    let _ = vfs::sync_all();
    Ok(0)
}

/// Writes the file system back that a file is in.
pub fn syncfs(t: &Task, fd: Fd) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    if let Some(path) = capability.file(Rights::CONTROL)?.path() {
        vfs::file_system(path).sync()?;
    }
    Ok(0)
}

/// Starts or awaits writing a part of a file back.
pub fn sync_file_range(t: &Task, fd: Fd, offset: i64, nbytes: i64, flags: u32) -> SysResult {
    let capability = FdTable::get(t.files(), fd.0)?;
    let file = capability.file(Rights::CONTROL)?;
    let in_range = offset >= 0 && nbytes >= 0 && offset.checked_add(nbytes).is_some();
    if flags & !7 != 0 || !in_range {
        return Err(Errno::EINVAL);
    }
    if !matches!(
        file.metadata()?.kind,
        NodeKind::File | NodeKind::BlockDevice | NodeKind::Directory | NodeKind::Symlink
    ) {
        return Err(Errno::ESPIPE);
    }
    Ok(0)
}
