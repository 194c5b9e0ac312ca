//! Mounting.

use alloc::vec::Vec;

use exo_kernel::vfs::{self, Lookup, MountFlags, Unmount};

use super::at;
use super::path::{UserPath, PATH_MAX};
use crate::security::Caps;
use crate::{Errno, SysResult, Task, UserAddr, UserStr};

const MS_REMOUNT: usize = 32;
const MS_BIND: usize = 4096;
const MS_MOVE: usize = 8192;
const MS_REC: usize = 16384;
const MS_SILENT: usize = 32768;
/// `MS_UNBINDABLE`, `MS_PRIVATE`, `MS_SLAVE`, `MS_SHARED`.
const MS_PROPAGATION: usize = 15 << 17;
/// What old programs put into the upper half of the flags.
const MS_MAGIC: usize = 0xc0ed_0000;
const MS_MAGIC_MASK: usize = 0xffff_0000;

const MNT_DETACH: u32 = 2;
const MNT_EXPIRE: u32 = 4;
const UMOUNT_NOFOLLOW: u32 = 8;

/// A string that may be missing. Too long is EINVAL here.
fn import_optional(text: UserStr) -> Result<Option<UserPath>, Errno> {
    let Some(text) = text.non_null() else { return Ok(None) };
    match UserPath::import_any(text) {
        Err(error) if error == Errno::ENAMETOOLONG => Err(Errno::EINVAL),
        other => other.map(Some),
    }
}

/// The options: a page of bytes, or as much of it as is there, up to the first NUL.
fn import_options(data: UserAddr) -> Result<Vec<u8>, Errno> {
    let mut options = Vec::new();
    let Some(data) = data.non_null() else { return Ok(options) };
    options.try_reserve_exact(PATH_MAX).map_err(|_| Errno::ENOMEM)?;
    for offset in 0..PATH_MAX - 1 {
        match data.add(offset).read() {
            Ok(0) => break,
            Ok(byte) => options.push(byte),
            Err(error) if offset == 0 => return Err(error.into()),
            Err(_) => break,
        }
    }
    Ok(options)
}

/// The per-mount switches in `flags`. Relative access times are the default.
fn mount_flags(flags: usize) -> MountFlags {
    let mut switches = MountFlags::from_bits_truncate(flags as u32);
    if !switches.intersects(MountFlags::NO_ATIME | MountFlags::STRICT_ATIME) {
        switches |= MountFlags::RELATIVE_ATIME;
    }
    if switches.contains(MountFlags::STRICT_ATIME) {
        switches -= MountFlags::RELATIVE_ATIME;
    }
    switches
}

fn bytes(text: &Option<UserPath>) -> &[u8] {
    text.as_ref().map_or(&[], UserPath::bytes)
}

/// Mounts a file system, or changes, copies or moves a mount, as the flags say.
pub fn mount(
    t: &Task,
    source: UserStr,
    target: UserStr,
    fstype: UserStr,
    flags: usize,
    data: UserAddr,
) -> SysResult {
    let kind = import_optional(fstype)?;
    let source = import_optional(source)?;
    let options = import_options(data)?;
    let place = at::find(t, target)?;
    if !t.creds().capable(Caps::SYS_ADMIN) {
        return Err(Errno::EPERM);
    }
    let flags = if flags & MS_MAGIC_MASK == MS_MAGIC { flags & !MS_MAGIC_MASK } else { flags } & !MS_SILENT;
    let caller = at::caller(t);
    let context = caller.context();
    let from_source = || {
        let path = source.as_ref().filter(|path| !path.is_empty()).ok_or(Errno::EINVAL)?;
        Ok::<_, Errno>(vfs::resolve(&context, None, path.bytes(), Lookup::FOLLOW)?)
    };
    if flags & MS_REMOUNT != 0 {
        let options = (flags & MS_BIND == 0).then_some(&options[..]);
        vfs::remount(&context, &place, mount_flags(flags), options)?;
    } else if flags & MS_BIND != 0 {
        vfs::bind(&context, &from_source()?, &place, flags & MS_REC != 0)?;
    } else if flags & MS_PROPAGATION != 0 {
        // There is one mount namespace, so no copy of a mount could be told anything.
        let one = (flags & MS_PROPAGATION).is_power_of_two();
        if !one || !place.is_mount_root() {
            return Err(Errno::EINVAL);
        }
    } else if flags & MS_MOVE != 0 {
        vfs::move_mount(&context, &from_source()?, &place)?;
    } else {
        let kind = kind.as_ref().ok_or(Errno::EINVAL)?;
        let made = vfs::make_fs(kind.bytes(), bytes(&source), &options)?;
        vfs::mount(&context, made, &place, mount_flags(flags), bytes(&source))?;
    }
    Ok(0)
}

/// Takes a mount away.
pub fn umount2(t: &Task, target: UserStr, flags: u32) -> SysResult {
    if flags & !15 != 0 {
        return Err(Errno::EINVAL);
    }
    let lookup = if flags & UMOUNT_NOFOLLOW != 0 { Lookup::empty() } else { Lookup::FOLLOW };
    let place = at::find_with(t, target, lookup)?;
    let expire = flags & MNT_EXPIRE != 0;
    if expire && flags & !(MNT_EXPIRE | UMOUNT_NOFOLLOW) != 0 {
        return Err(Errno::EINVAL);
    }
    vfs::unmount(&at::caller(t).context(), place, Unmount { detach: flags & MNT_DETACH != 0, expire })?;
    Ok(0)
}

/// Makes a mount the root, and moves the old root below it.
pub fn pivot_root(t: &Task, new_root: UserStr, put_old: UserStr) -> SysResult {
    if !t.creds().capable(Caps::SYS_ADMIN) {
        return Err(Errno::EPERM);
    }
    let new_root = at::find_with(t, new_root, Lookup::FOLLOW | Lookup::DIRECTORY)?;
    let put_old = at::find_with(t, put_old, Lookup::FOLLOW | Lookup::DIRECTORY)?;
    let old_root = t.fs().root();
    vfs::pivot_root(&at::caller(t).context(), &new_root, &put_old)?;
    // Everybody who was in the old root directory is in the new one.
    for process in crate::process::table::processes() {
        process.for_each_task(|task| {
            let Some(fs) = task.fs_snapshot() else { return };
            if fs.root().same(&old_root) {
                fs.set_root(new_root.clone());
            }
            if fs.cwd().same(&old_root) {
                fs.set_cwd(new_root.clone());
            }
        });
    }
    Ok(0)
}
