//! Changing what a node's metadata says: mode, owner, times, extended attributes. The rules are Linux's.

use alloc::sync::Arc;

use super::access::{self, Credentials, Privileges};
use super::inode::{FileSystem, InodeFlags, InodeRef};
use super::path::Path;
use super::types::{mode, Access, FsStat, NodeKind, SetAttr, TimeUpdate, Timestamp, XattrFlags};
use super::walk::Context;
use crate::{Kind, Result};

/// The longest value of an extended attribute.
pub const XATTR_SIZE_MAX: usize = 65536;

fn check_changeable(inode: &InodeRef) -> Result<()> {
    if inode.core().flags().intersects(InodeFlags::IMMUTABLE | InodeFlags::APPEND_ONLY) {
        return Err(Kind::NotPermitted.into());
    }
    Ok(())
}

/// May `ctx` access `path` so, by the credentials in it?
pub fn check_access(ctx: &Context, path: &Path, wanted: Access) -> Result<()> {
    let inode = path.inode();
    let core = inode.core();
    let special = !matches!(core.kind, NodeKind::File | NodeKind::Directory | NodeKind::Symlink);
    if wanted.contains(Access::EXECUTE) && core.kind == NodeKind::File {
        let flags = path.mount().flags();
        if flags.contains(super::MountFlags::NO_EXEC) {
            return Err(Kind::AccessDenied.into());
        }
    }
    if wanted.contains(Access::WRITE) && !special {
        if path.mount().superblock().is_read_only() {
            return Err(Kind::ReadOnly.into());
        }
        if core.flags().contains(InodeFlags::IMMUTABLE) {
            return Err(Kind::NotPermitted.into());
        }
    }
    access::check(ctx.creds, &**inode, wanted)?;
    if wanted.contains(Access::WRITE) && !special {
        path.check_writable()?;
    }
    Ok(())
}

/// Changes the permissions.
pub fn set_mode(ctx: &Context, path: &Path, mode: u32) -> Result<()> {
    path.check_writable()?;
    set_mode_of(ctx.creds, path.inode(), mode)
}

/// As [`set_mode`], for a node that may be in no directory.
pub fn set_mode_of(creds: &Credentials, inode: &InodeRef, mode: u32) -> Result<()> {
    if inode.kind() == NodeKind::Symlink {
        return Err(Kind::NotSupported.into());
    }
    check_changeable(inode)?;
    let core = inode.core();
    if !creds.owns(core) {
        return Err(Kind::NotPermitted.into());
    }
    let mut mode = mode & mode::ALL;
    if !creds.in_group(core.gid()) && !creds.has(Privileges::FSETID) {
        mode &= !mode::SET_GID;
    }
    let attr = SetAttr { mode: Some(mode), changed: Some(Timestamp::now()), ..SetAttr::default() };
    inode.set_attr(&attr)?;
    super::acl::mode_changed(inode, mode);
    Ok(())
}

/// Changes owner and group (`None`: not).
pub fn set_owner(ctx: &Context, path: &Path, uid: Option<u32>, gid: Option<u32>) -> Result<()> {
    path.check_writable()?;
    set_owner_of(ctx.creds, path.inode(), uid, gid)
}

/// As [`set_owner`], for a node that may be in no directory.
pub fn set_owner_of(creds: &Credentials, inode: &InodeRef, uid: Option<u32>, gid: Option<u32>) -> Result<()> {
    check_changeable(inode)?;
    let core = inode.core();
    let privileged = creds.has(Privileges::CHOWN);
    let owner = creds.uid == core.uid();
    if uid.is_some_and(|uid| !(privileged || owner && uid == core.uid())) {
        return Err(Kind::NotPermitted.into());
    }
    if gid.is_some_and(|gid| !(privileged || owner && (gid == core.gid() || creds.in_group(gid)))) {
        return Err(Kind::NotPermitted.into());
    }
    // Set-id bits do not survive a change of hands, not even the superuser's.
    let loses_ids = core.kind != NodeKind::Directory;
    let attr = SetAttr {
        uid,
        gid,
        mode: if loses_ids { access::mode_without_ids(core) } else { None },
        changed: Some(Timestamp::now()),
        ..SetAttr::default()
    };
    inode.set_attr(&attr)
}

/// The flags that `chattr` changes; `None` where the file system knows none.
pub fn attribute_flags(inode: &InodeRef) -> Option<InodeFlags> {
    Some(inode.core().flags() & inode.attribute_flags()?)
}

/// Sets them to just these. [`Kind::NotSupported`] for those that the file system does not keep.
pub fn set_attribute_flags(creds: &Credentials, inode: &InodeRef, flags: InodeFlags) -> Result<()> {
    const GUARDED: InodeFlags = InodeFlags::IMMUTABLE.union(InodeFlags::APPEND_ONLY);
    let known = inode.attribute_flags().ok_or(Kind::NotTerminal)?;
    let core = inode.core();
    if !creds.owns(core) {
        return Err(Kind::NotPermitted.into());
    }
    let changed = (core.flags() ^ flags) & InodeFlags::ATTRIBUTES;
    if changed.intersects(GUARDED) && !creds.has(Privileges::LINUX_IMMUTABLE) {
        return Err(Kind::NotPermitted.into());
    }
    if !known.contains(flags) {
        return Err(Kind::NotSupported.into());
    }
    core.set_flags(changed - flags, false);
    core.set_flags(flags, true);
    core.touch_changed(Timestamp::now());
    Ok(())
}

/// Sets access and modification times.
pub fn set_times(ctx: &Context, path: &Path, accessed: TimeUpdate, modified: TimeUpdate) -> Result<()> {
    path.check_writable()?;
    set_times_of(ctx.creds, path.inode(), accessed, modified)
}

/// As [`set_times`], for a node that may be in no directory.
pub fn set_times_of(
    creds: &Credentials,
    inode: &InodeRef,
    accessed: TimeUpdate,
    modified: TimeUpdate,
) -> Result<()> {
    if accessed == TimeUpdate::Keep && modified == TimeUpdate::Keep {
        return Ok(());
    }
    let both_now = accessed == TimeUpdate::Now && modified == TimeUpdate::Now;
    let flags = inode.core().flags();
    if flags.contains(InodeFlags::IMMUTABLE) || !both_now && flags.contains(InodeFlags::APPEND_ONLY) {
        return Err(Kind::NotPermitted.into());
    }
    if !creds.owns(inode.core()) {
        if !both_now {
            return Err(Kind::NotPermitted.into());
        }
        // Whoever may write may also say that it was written now.
        access::check(creds, &**inode, Access::WRITE)?;
    }
    let now = Timestamp::now();
    let value = |update| match update {
        TimeUpdate::Keep => None,
        TimeUpdate::Now => Some(now),
        TimeUpdate::Set(time) => Some(time),
    };
    let attr = SetAttr {
        accessed: value(accessed),
        modified: value(modified),
        changed: Some(now),
        ..SetAttr::default()
    };
    inode.set_attr(&attr)
}

/// The text of a symbolic link. [`Kind::Invalid`] for anything else.
pub fn read_link(_ctx: &Context, path: &Path) -> Result<Arc<[u8]>> {
    let inode = path.inode();
    if inode.kind() != NodeKind::Symlink {
        return Err(Kind::Invalid.into());
    }
    let text = inode.read_link()?;
    super::times::accessed(path.mount(), &**inode);
    Ok(text)
}

/// Sizes and limits of the file system that `path` is in.
pub fn statfs(path: &Path) -> Result<FsStat> {
    path.mount().superblock().fs().statfs()
}

/// The file system that `path` is in.
pub fn file_system(path: &Path) -> &Arc<dyn FileSystem> {
    path.mount().superblock().fs()
}

/// Checks who may do what with an extended attribute of that name.
fn check_xattr(ctx: &Context, path: &Path, name: &[u8], wanted: Access) -> Result<()> {
    let inode = path.inode();
    let writing = wanted.contains(Access::WRITE);
    if writing {
        path.check_writable()?;
        check_changeable(inode)?;
    }
    if name.starts_with(b"security.") || name.starts_with(b"system.") {
        if writing && name.starts_with(b"security.") && !ctx.creds.has(Privileges::SYS_ADMIN) {
            return Err(Kind::NotPermitted.into());
        }
        return Ok(());
    }
    if name.starts_with(b"trusted.") {
        let refusal = if writing { Kind::NotPermitted } else { Kind::NoData };
        return if ctx.creds.has(Privileges::SYS_ADMIN) { Ok(()) } else { Err(refusal.into()) };
    }
    if name.starts_with(b"user.") {
        let core = inode.core();
        if !matches!(core.kind, NodeKind::File | NodeKind::Directory) {
            return Err(if writing { Kind::NotPermitted } else { Kind::NoData }.into());
        }
        let sticky = core.kind == NodeKind::Directory && core.mode() & mode::STICKY != 0;
        if sticky && writing && !ctx.creds.owns(core) {
            return Err(Kind::NotPermitted.into());
        }
    }
    access::check(ctx.creds, &**inode, wanted)
}

/// The value of an extended attribute.
pub fn xattr(ctx: &Context, path: &Path, name: &[u8]) -> Result<Arc<[u8]>> {
    check_xattr(ctx, path, name, Access::READ)?;
    path.inode().xattr(name)
}

/// Sets an extended attribute.
pub fn set_xattr(ctx: &Context, path: &Path, name: &[u8], value: &[u8], flags: XattrFlags) -> Result<()> {
    check_xattr(ctx, path, name, Access::WRITE)?;
    if super::acl::is_acl_name(name) {
        return super::acl::set(ctx.creds, path.inode(), name, value, flags);
    }
    path.inode().set_xattr(name, value, flags)
}

/// Removes an extended attribute.
pub fn remove_xattr(ctx: &Context, path: &Path, name: &[u8]) -> Result<()> {
    check_xattr(ctx, path, name, Access::WRITE)?;
    if super::acl::is_acl_name(name) {
        return super::acl::remove(ctx.creds, path.inode(), name);
    }
    path.inode().remove_xattr(name)
}

/// Calls `emit` with the name of each extended attribute that the caller may see.
pub fn list_xattrs(ctx: &Context, path: &Path, emit: &mut dyn FnMut(&[u8])) -> Result<()> {
    let all = ctx.creds.has(Privileges::SYS_ADMIN);
    path.inode().list_xattrs(&mut |name| {
        if all || !name.starts_with(b"trusted.") {
            emit(name);
        }
    })
}
