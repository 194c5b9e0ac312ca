//! Changing mode, owner and length.

use exo_kernel::vfs::{self, Lookup};
use posix_x_abi::uapi::general::{AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW};

use super::at::{self, Target};
use crate::fd;
use crate::{Errno, Fd, SysResult, Task, UserStr};

/// "Leave it" for an owner or group.
const UNCHANGED: u32 = u32::MAX;

/// Changes the permissions of what a path names.
pub fn chmod(t: &Task, path: UserStr, mode: u32) -> SysResult {
    fchmodat(t, Fd::CWD, path, mode)
}

/// Changes the permissions of an open file.
pub fn fchmod(t: &Task, fd: Fd, mode: u32) -> SysResult {
    change_mode(t, &Target::opened(t, fd)?, mode)
}

/// As [`chmod`], relative to a descriptor.
pub fn fchmodat(t: &Task, dirfd: Fd, path: UserStr, mode: u32) -> SysResult {
    change_mode(t, &Target::find_to_change(t, dirfd, path, 0)?, mode)
}

fn change_mode(t: &Task, target: &Target, mode: u32) -> SysResult {
    match target.place() {
        Ok(place) => vfs::set_mode(&at::caller(t).context(), place, mode & 0o7777)?,
        Err(_) => vfs::set_mode_of(t.creds().vfs(), &target.inode()?, mode & 0o7777)?,
    }
    Ok(0)
}

/// Changes the owner of what a path names.
pub fn chown(t: &Task, path: UserStr, uid: u32, gid: u32) -> SysResult {
    fchownat(t, Fd::CWD, path, uid, gid, 0)
}

/// As [`chown`], of a symbolic link itself.
pub fn lchown(t: &Task, path: UserStr, uid: u32, gid: u32) -> SysResult {
    fchownat(t, Fd::CWD, path, uid, gid, AT_SYMLINK_NOFOLLOW)
}

/// Changes the owner of an open file.
pub fn fchown(t: &Task, fd: Fd, uid: u32, gid: u32) -> SysResult {
    change_owner(t, &Target::opened(t, fd)?, uid, gid)
}

/// As [`chown`], relative to a descriptor.
pub fn fchownat(t: &Task, dirfd: Fd, path: UserStr, uid: u32, gid: u32, flags: u32) -> SysResult {
    if flags & !(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    change_owner(t, &Target::find_to_change(t, dirfd, path, flags)?, uid, gid)
}

fn change_owner(t: &Task, target: &Target, uid: u32, gid: u32) -> SysResult {
    let wanted = |id: u32| (id != UNCHANGED).then_some(id);
    match target.place() {
        Ok(place) => vfs::set_owner(&at::caller(t).context(), place, wanted(uid), wanted(gid))?,
        Err(_) => vfs::set_owner_of(t.creds().vfs(), &target.inode()?, wanted(uid), wanted(gid))?,
    }
    Ok(0)
}

/// Cuts or extends a file to a length.
pub fn truncate(t: &Task, path: UserStr, length: i64) -> SysResult {
    let length = fd::offset(length)?;
    let place = at::find_with(t, path, Lookup::FOLLOW)?;
    fd::check_growth(t, length, || place.metadata().size)?;
    vfs::truncate(&at::caller(t).context(), &place, length)?;
    Ok(0)
}
