//! Making, removing and renaming: directories, links, nodes.

use exo_kernel::vfs::{self, Lookup, NewNode, RenameFlags};
use posix_x_abi::uapi::general::{
    AT_EMPTY_PATH, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT,
    S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK,
};

use super::at::{self, Target};
use super::path::{Start, UserPath};
use super::stat::unpack_device;
use crate::security::Caps;
use crate::{Errno, Fd, SysResult, Task, UserAddr, UserStr};

/// Makes a directory.
pub fn mkdir(t: &Task, path: UserStr, mode: u32) -> SysResult {
    mkdirat(t, Fd::CWD, path, mode)
}

/// As [`mkdir`], relative to a descriptor.
pub fn mkdirat(t: &Task, dirfd: Fd, path: UserStr, mode: u32) -> SysResult {
    let path = UserPath::import(path)?;
    let start = Start::new(t, dirfd, &path)?;
    vfs::make(
        &at::caller(t).context_from(&start),
        start.place_to_change()?,
        path.bytes(),
        NewNode::Directory,
        mode & 0o1777,
    )?;
    Ok(0)
}

/// Makes a node of any kind but a directory or link.
pub fn mknod(t: &Task, path: UserStr, mode: u32, dev: u32) -> SysResult {
    mknodat(t, Fd::CWD, path, mode, dev)
}

/// As [`mknod`], relative to a descriptor.
pub fn mknodat(t: &Task, dirfd: Fd, path: UserStr, mode: u32, dev: u32) -> SysResult {
    let node = match mode & S_IFMT {
        0 | S_IFREG => NewNode::File,
        S_IFIFO => NewNode::Fifo,
        S_IFSOCK => NewNode::Socket,
        S_IFCHR => NewNode::CharDevice(unpack_device(dev)),
        S_IFBLK => NewNode::BlockDevice(unpack_device(dev)),
        S_IFDIR => return Err(Errno::EPERM),
        _ => return Err(Errno::EINVAL),
    };
    let path = UserPath::import(path)?;
    let start = Start::new(t, dirfd, &path)?;
    vfs::make(
        &at::caller(t).context_from(&start),
        start.place_to_change()?,
        path.bytes(),
        node,
        mode & 0o7777,
    )?;
    Ok(0)
}

/// Makes a symbolic link.
pub fn symlink(t: &Task, target: UserStr, path: UserStr) -> SysResult {
    symlinkat(t, target, Fd::CWD, path)
}

/// As [`symlink`], relative to a descriptor.
pub fn symlinkat(t: &Task, target: UserStr, dirfd: Fd, path: UserStr) -> SysResult {
    let target = UserPath::import(target)?;
    let path = UserPath::import(path)?;
    let start = Start::new(t, dirfd, &path)?;
    vfs::make(
        &at::caller(t).context_from(&start),
        start.place_to_change()?,
        path.bytes(),
        NewNode::Symlink(target.bytes()),
        0o777,
    )?;
    Ok(0)
}

/// Gives a file another name.
pub fn link(t: &Task, old: UserStr, new: UserStr) -> SysResult {
    linkat(t, Fd::CWD, old, Fd::CWD, new, 0)
}

/// As [`link`], relative to descriptors.
pub fn linkat(t: &Task, olddirfd: Fd, old: UserStr, newdirfd: Fd, new: UserStr, flags: u32) -> SysResult {
    if flags & !(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL);
    }
    // Naming what a descriptor stands for goes around the permissions of its path.
    if flags & AT_EMPTY_PATH != 0 && !t.creds().capable(Caps::DAC_READ_SEARCH) {
        return Err(Errno::ENOENT);
    }
    let old = if flags & AT_EMPTY_PATH != 0 { UserPath::import_any(old)? } else { UserPath::import(old)? };
    let new = UserPath::import(new)?;
    let source = if old.is_empty() {
        Target::handle(t, olddirfd)?
    } else {
        let lookup = if flags & AT_SYMLINK_FOLLOW != 0 { Lookup::FOLLOW } else { Lookup::empty() };
        Target::resolve(t, olddirfd, &old, lookup)?
    };
    let start = Start::new(t, newdirfd, &new)?;
    vfs::link(&at::caller(t).context_from(&start), source.place()?, start.place_to_change()?, new.bytes())?;
    Ok(0)
}

/// Removes the name of a file.
pub fn unlink(t: &Task, path: UserStr) -> SysResult {
    unlinkat(t, Fd::CWD, path, 0)
}

/// Removes an empty directory.
pub fn rmdir(t: &Task, path: UserStr) -> SysResult {
    unlinkat(t, Fd::CWD, path, AT_REMOVEDIR)
}

/// Removes a name, relative to a descriptor.
pub fn unlinkat(t: &Task, dirfd: Fd, path: UserStr, flags: u32) -> SysResult {
    if flags & !AT_REMOVEDIR != 0 {
        return Err(Errno::EINVAL);
    }
    let path = UserPath::import(path)?;
    let start = Start::new(t, dirfd, &path)?;
    let caller = at::caller(t);
    let context = caller.context_from(&start);
    if flags & AT_REMOVEDIR != 0 {
        vfs::rmdir(&context, start.place_to_change()?, path.bytes())?;
    } else {
        vfs::unlink(&context, start.place_to_change()?, path.bytes())?;
    }
    Ok(0)
}

/// Gives a file another name instead of its old one.
pub fn rename(t: &Task, old: UserStr, new: UserStr) -> SysResult {
    renameat2(t, Fd::CWD, old, Fd::CWD, new, 0)
}

/// As [`rename`], relative to descriptors.
pub fn renameat(t: &Task, olddirfd: Fd, old: UserStr, newdirfd: Fd, new: UserStr) -> SysResult {
    renameat2(t, olddirfd, old, newdirfd, new, 0)
}

/// As [`renameat`], with flags.
pub fn renameat2(t: &Task, olddirfd: Fd, old: UserStr, newdirfd: Fd, new: UserStr, flags: u32) -> SysResult {
    let exclusive = flags & (RENAME_NOREPLACE | RENAME_WHITEOUT) != 0;
    if flags & !(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) != 0
        || flags & RENAME_EXCHANGE != 0 && exclusive
    {
        return Err(Errno::EINVAL);
    }
    let old = UserPath::import(old)?;
    let new = UserPath::import(new)?;
    let mut how = RenameFlags::empty();
    how.set(RenameFlags::NO_REPLACE, flags & RENAME_NOREPLACE != 0);
    how.set(RenameFlags::EXCHANGE, flags & RENAME_EXCHANGE != 0);
    how.set(RenameFlags::WHITEOUT, flags & RENAME_WHITEOUT != 0);
    let (from, to) = (Start::new(t, olddirfd, &old)?, Start::new(t, newdirfd, &new)?);
    let caller = at::caller(t);
    let context = caller.context_from(if from.is_derived() { &from } else { &to });
    let (source, target) = (from.place_to_change()?, to.place_to_change()?);
    vfs::rename(&context, source, old.bytes(), target, new.bytes(), how)?;
    Ok(0)
}

/// The text of a symbolic link.
pub fn readlink(t: &Task, path: UserStr, buf: UserAddr, size: i32) -> SysResult {
    readlinkat(t, Fd::CWD, path, buf, size)
}

/// As [`readlink`], relative to a descriptor; with an empty path, of the link that it was opened on.
pub fn readlinkat(t: &Task, dirfd: Fd, path: UserStr, buf: UserAddr, size: i32) -> SysResult {
    let size = usize::try_from(size).ok().filter(|&size| size > 0).ok_or(Errno::EINVAL)?;
    let path = UserPath::import_any(path)?;
    let target = if path.is_empty() {
        Target::handle(t, dirfd).map_err(|error| if dirfd == Fd::CWD { Errno::ENOENT } else { error })?
    } else {
        Target::resolve(t, dirfd, &path, Lookup::empty())?
    };
    let place = target.place()?;
    let is_link = place.inode().kind() == vfs::NodeKind::Symlink;
    if !is_link {
        return Err(if path.is_empty() { Errno::ENOENT } else { Errno::EINVAL });
    }
    let text = vfs::read_link(&at::caller(t).context(), place)?;
    let length = text.len().min(size);
    buf.write_slice(&text[..length])?;
    Ok(length)
}
