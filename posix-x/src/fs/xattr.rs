//! Extended attributes: twelve calls that are three times four (path, link, descriptor; set, get, list, remove).

use alloc::vec::Vec;

use exo_kernel::vfs::{self, Lookup, XattrFlags};

use super::at::{self, Target};
use super::path::UserPath;
use crate::{Errno, Fd, SysResult, Task, UserAddr, UserStr};

/// `XATTR_NAME_MAX` and `XATTR_SIZE_MAX`; the latter holds for lists too.
const NAME_MAX: usize = 255;
const SIZE_MAX: usize = 65_536;

/// ERANGE for an empty or too long name.
fn import_name(name: UserStr) -> Result<UserPath, Errno> {
    match UserPath::import_limited(name, NAME_MAX + 1) {
        Ok(name) if name.is_empty() => Err(Errno::ERANGE),
        Err(error) if error == Errno::ENAMETOOLONG => Err(Errno::ERANGE),
        other => other,
    }
}

fn buffer(size: usize) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(|_| Errno::ENOMEM)?;
    bytes.resize(size, 0);
    Ok(bytes)
}

/// Hands a value to the program; with no room at all, only its length.
fn export(value: &[u8], target: UserAddr, size: usize) -> SysResult {
    if size != 0 {
        if value.len() > size {
            return Err(Errno::ERANGE);
        }
        target.write_slice(value)?;
    }
    Ok(value.len())
}

/// An attribute to set, copied in.
struct Setting {
    name: UserPath,
    value: Vec<u8>,
    flags: XattrFlags,
}

impl Setting {
    fn import(name: UserStr, value: UserAddr, size: usize, flags: u32) -> Result<Self, Errno> {
        if flags & !3 != 0 {
            return Err(Errno::EINVAL);
        }
        let name = import_name(name)?;
        if size > SIZE_MAX {
            return Err(Errno::E2BIG);
        }
        let mut bytes = buffer(size)?;
        value.read_slice(&mut bytes)?;
        Ok(Self { name, value: bytes, flags: XattrFlags::from_bits_truncate(flags) })
    }

    fn apply(&self, t: &Task, target: &Target) -> SysResult {
        vfs::set_xattr(
            &at::caller(t).context(),
            target.place()?,
            self.name.bytes(),
            &self.value,
            self.flags,
        )?;
        Ok(0)
    }
}

fn get(t: &Task, target: &Target, name: &UserPath, value: UserAddr, size: usize) -> SysResult {
    let found = vfs::xattr(&at::caller(t).context(), target.place()?, name.bytes())?;
    export(&found, value, size)
}

fn list(t: &Task, target: &Target, list: UserAddr, size: usize) -> SysResult {
    let mut names = Vec::new();
    let mut failed = false;
    vfs::list_xattrs(&at::caller(t).context(), target.place()?, &mut |name| {
        if names.len() + name.len() + 1 > SIZE_MAX || names.try_reserve(name.len() + 1).is_err() {
            failed = true;
            return;
        }
        names.extend_from_slice(name);
        names.push(0);
    })?;
    if failed {
        return Err(Errno::E2BIG);
    }
    export(&names, list, size)
}

fn remove(t: &Task, target: &Target, name: &UserPath) -> SysResult {
    vfs::remove_xattr(&at::caller(t).context(), target.place()?, name.bytes())?;
    Ok(0)
}

fn by_path(t: &Task, path: UserStr, lookup: Lookup) -> Result<Target<'_>, Errno> {
    Ok(Target::Place(at::find_with(t, path, lookup)?))
}

/// Sets an attribute of what a path names.
pub fn setxattr(
    t: &Task,
    path: UserStr,
    name: UserStr,
    value: UserAddr,
    size: usize,
    flags: u32,
) -> SysResult {
    let setting = Setting::import(name, value, size, flags)?;
    setting.apply(t, &by_path(t, path, Lookup::FOLLOW)?)
}

/// As [`setxattr`], of a symbolic link itself.
pub fn lsetxattr(
    t: &Task,
    path: UserStr,
    name: UserStr,
    value: UserAddr,
    size: usize,
    flags: u32,
) -> SysResult {
    let setting = Setting::import(name, value, size, flags)?;
    setting.apply(t, &by_path(t, path, Lookup::empty())?)
}

/// As [`setxattr`], of an open file.
pub fn fsetxattr(t: &Task, fd: Fd, name: UserStr, value: UserAddr, size: usize, flags: u32) -> SysResult {
    let target = Target::opened(t, fd)?;
    Setting::import(name, value, size, flags)?.apply(t, &target)
}

/// Reads an attribute of what a path names.
pub fn getxattr(t: &Task, path: UserStr, name: UserStr, value: UserAddr, size: usize) -> SysResult {
    let target = by_path(t, path, Lookup::FOLLOW)?;
    get(t, &target, &import_name(name)?, value, size)
}

/// As [`getxattr`], of a symbolic link itself.
pub fn lgetxattr(t: &Task, path: UserStr, name: UserStr, value: UserAddr, size: usize) -> SysResult {
    let target = by_path(t, path, Lookup::empty())?;
    get(t, &target, &import_name(name)?, value, size)
}

/// As [`getxattr`], of an open file.
pub fn fgetxattr(t: &Task, fd: Fd, name: UserStr, value: UserAddr, size: usize) -> SysResult {
    let target = Target::opened(t, fd)?;
    get(t, &target, &import_name(name)?, value, size)
}

/// The names of the attributes of what a path names.
pub fn listxattr(t: &Task, path: UserStr, list: UserAddr, size: usize) -> SysResult {
    self::list(t, &by_path(t, path, Lookup::FOLLOW)?, list, size)
}

/// As [`listxattr`], of a symbolic link itself.
pub fn llistxattr(t: &Task, path: UserStr, list: UserAddr, size: usize) -> SysResult {
    self::list(t, &by_path(t, path, Lookup::empty())?, list, size)
}

/// As [`listxattr`], of an open file.
pub fn flistxattr(t: &Task, fd: Fd, list: UserAddr, size: usize) -> SysResult {
    self::list(t, &Target::opened(t, fd)?, list, size)
}

/// Removes an attribute of what a path names.
pub fn removexattr(t: &Task, path: UserStr, name: UserStr) -> SysResult {
    let target = by_path(t, path, Lookup::FOLLOW)?;
    remove(t, &target, &import_name(name)?)
}

/// As [`removexattr`], of a symbolic link itself.
pub fn lremovexattr(t: &Task, path: UserStr, name: UserStr) -> SysResult {
    let target = by_path(t, path, Lookup::empty())?;
    remove(t, &target, &import_name(name)?)
}

/// As [`removexattr`], of an open file.
pub fn fremovexattr(t: &Task, fd: Fd, name: UserStr) -> SysResult {
    let target = Target::opened(t, fd)?;
    remove(t, &target, &import_name(name)?)
}
