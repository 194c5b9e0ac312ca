//! The current directory, the root directory and the umask.

use exo_kernel::vfs::{self, Access, Lookup, Path};

use super::at::{self, Target};
use super::path::PATH_MAX;
use crate::security::Caps;
use crate::{Errno, Fd, SysResult, Task, UserAddr, UserStr};

/// The name of the current directory, with its NUL. Its length is the result.
pub fn getcwd(t: &Task, buf: UserAddr, size: usize) -> SysResult {
    let (root, cwd) = t.fs().places();
    let name = cwd.name(&root);
    if name.deleted {
        return Err(Errno::ENOENT);
    }
    let mut bytes = name.bytes;
    if !name.reachable {
        const MARK: &[u8] = b"(unreachable)";
        bytes.try_reserve(MARK.len()).map_err(|_| Errno::ENOMEM)?;
        bytes.splice(0..0, MARK.iter().copied());
    }
    let length = bytes.len() + 1;
    if length > PATH_MAX {
        return Err(Errno::ENAMETOOLONG);
    }
    if length > size {
        return Err(Errno::ERANGE);
    }
    buf.write_slice(&bytes)?;
    buf.add(bytes.len()).write(&0)?;
    Ok(length)
}

/// A directory that the caller may search.
fn searchable(t: &Task, path: UserStr) -> Result<Path, Errno> {
    let place = at::find_with(t, path, Lookup::FOLLOW | Lookup::DIRECTORY)?;
    vfs::check_access(&at::caller(t).context(), &place, Access::EXECUTE)?;
    Ok(place)
}

/// Changes the current directory.
pub fn chdir(t: &Task, path: UserStr) -> SysResult {
    t.fs().set_cwd(searchable(t, path)?);
    Ok(0)
}

/// Changes the current directory to what a descriptor stands for.
pub fn fchdir(t: &Task, fd: Fd) -> SysResult {
    let target = Target::descriptor(t, fd)?;
    // The current directory is no capability, and could not be revoked.
    if matches!(&target, Target::Handle(capability) if capability.is_derived()) {
        return Err(Errno::EACCES);
    }
    let place = target.place().map_err(|_| Errno::ENOTDIR)?;
    if !place.inode().is_directory() {
        return Err(Errno::ENOTDIR);
    }
    vfs::check_access(&at::caller(t).context(), place, Access::EXECUTE)?;
    t.fs().set_cwd(place.clone());
    Ok(0)
}

/// Changes the root directory.
pub fn chroot(t: &Task, path: UserStr) -> SysResult {
    let place = searchable(t, path)?;
    if !t.creds().capable(Caps::SYS_CHROOT) {
        return Err(Errno::EPERM);
    }
    t.fs().set_root(place);
    Ok(0)
}

/// Changes the umask and returns the old one.
pub fn umask(t: &Task, mask: u32) -> SysResult {
    Ok(t.fs().set_umask(mask) as usize)
}
