//! May the caller access a file? Asked with the real ids, unless told otherwise.

use exo_kernel::vfs::{self, Access};
use posix_x_abi::uapi::general::{AT_EACCESS, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW};

use super::at::{self, Target};
use crate::{Errno, Fd, SysResult, Task, UserStr};

/// Asks for existence (0) or permissions (4 read, 2 write, 1 execute).
pub fn access(t: &Task, path: UserStr, mode: u32) -> SysResult {
    faccessat2(t, Fd::CWD, path, mode, 0)
}

/// As [`access`], relative to a descriptor.
pub fn faccessat(t: &Task, dirfd: Fd, path: UserStr, mode: u32) -> SysResult {
    faccessat2(t, dirfd, path, mode, 0)
}

/// As [`faccessat`], with flags.
pub fn faccessat2(t: &Task, dirfd: Fd, path: UserStr, mode: u32, flags: u32) -> SysResult {
    if mode & !7 != 0 || flags & !(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    let real = t.creds().real_vfs();
    let caller = at::caller(t);
    let mut context = caller.context();
    if flags & AT_EACCESS == 0 {
        context.creds = &real;
    }
    let target = Target::find_as(t, &context, dirfd, path, flags)?;
    vfs::check_access(&context, target.place()?, Access::from_bits_truncate(mode as u8))?;
    Ok(0)
}
