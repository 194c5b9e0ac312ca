//! POSIX access control lists, in the form that the extended attributes `system.posix_acl_access` and
//! `system.posix_acl_default` have: a version, then entries of tag, permissions and id.

use alloc::vec::Vec;

use super::access::Credentials;
use super::inode::{Inode, InodeFlags, InodeRef};
use super::types::{Access, NodeKind, XattrFlags};
use crate::{Kind, Result};

/// Decides about access to the node itself.
const ACCESS: &[u8] = b"system.posix_acl_access";
/// What new nodes in a directory get.
const DEFAULT: &[u8] = b"system.posix_acl_default";

const VERSION: u32 = 2;
const ENTRY: usize = 8;

/// Whom an entry is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Tag {
    Owner,
    User(u32),
    Group,
    NamedGroup(u32),
    Mask,
    Other,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    tag: Tag,
    permissions: u32,
}

/// Is it the name of an access control list?
pub fn is_acl_name(name: &[u8]) -> bool {
    name == ACCESS || name == DEFAULT
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

/// Reads and checks a list: sorted, each class once, a mask where there are named entries.
fn parse(value: &[u8]) -> Result<Vec<Entry>> {
    let invalid = || crate::Error::from(Kind::Invalid);
    if word(value, 0).ok_or_else(invalid)? != VERSION {
        return Err(Kind::NotSupported.into());
    }
    let body = &value[4..];
    if body.len() % ENTRY != 0 {
        return Err(invalid());
    }
    let mut list: Vec<Entry> = Vec::new();
    list.try_reserve_exact(body.len() / ENTRY).map_err(|_| Kind::NoMemory)?;
    for raw in body.chunks_exact(ENTRY) {
        let fields = (half(raw, 0), half(raw, 2), word(raw, 4));
        let (Some(tag), Some(permissions), Some(id)) = fields else { return Err(invalid()) };
        let tag = match tag {
            0x01 => Tag::Owner,
            0x02 => Tag::User(id),
            0x04 => Tag::Group,
            0x08 => Tag::NamedGroup(id),
            0x10 => Tag::Mask,
            0x20 => Tag::Other,
            _ => return Err(invalid()),
        };
        if permissions > 7 || list.last().is_some_and(|last| last.tag >= tag) {
            return Err(invalid());
        }
        list.push(Entry { tag, permissions: u32::from(permissions) });
    }
    let has = |tag| list.iter().any(|entry| entry.tag == tag);
    let named = list.iter().any(|entry| matches!(entry.tag, Tag::User(_) | Tag::NamedGroup(_)));
    let complete = has(Tag::Owner) && has(Tag::Group) && has(Tag::Other) && (!named || has(Tag::Mask));
    if !list.is_empty() && !complete {
        return Err(invalid());
    }
    Ok(list)
}

fn pack(list: &[Entry]) -> Result<Vec<u8>> {
    let mut value = Vec::new();
    value.try_reserve_exact(4 + list.len() * ENTRY).map_err(|_| Kind::NoMemory)?;
    value.extend(VERSION.to_le_bytes());
    for entry in list {
        let (tag, id) = match entry.tag {
            Tag::Owner => (0x01u16, u32::MAX),
            Tag::User(id) => (0x02, id),
            Tag::Group => (0x04, u32::MAX),
            Tag::NamedGroup(id) => (0x08, id),
            Tag::Mask => (0x10, u32::MAX),
            Tag::Other => (0x20, u32::MAX),
        };
        value.extend(tag.to_le_bytes());
        value.extend((entry.permissions as u16).to_le_bytes());
        value.extend(id.to_le_bytes());
    }
    Ok(value)
}

fn find(list: &[Entry], tag: Tag) -> Option<u32> {
    list.iter().find(|entry| entry.tag == tag).map(|entry| entry.permissions)
}

/// The permission bits of a mode that say the same; `true` if they say all of it.
fn to_mode(list: &[Entry]) -> (u32, bool) {
    let owner = find(list, Tag::Owner).unwrap_or(0);
    let group = find(list, Tag::Mask).or(find(list, Tag::Group)).unwrap_or(0);
    let other = find(list, Tag::Other).unwrap_or(0);
    (owner << 6 | group << 3 | other, list.len() <= 3)
}

/// Brings the classes of a list in line with a mode.
fn apply_mode(list: &mut [Entry], mode: u32) {
    let masked = list.iter().any(|entry| entry.tag == Tag::Mask);
    for entry in list {
        match entry.tag {
            Tag::Owner => entry.permissions = mode >> 6 & 7,
            Tag::Mask => entry.permissions = mode >> 3 & 7,
            Tag::Group if !masked => entry.permissions = mode >> 3 & 7,
            Tag::Other => entry.permissions = mode & 7,
            _ => {}
        }
    }
}

/// Does the access list of `inode` permit it to someone who is not the owner?
pub(super) fn permits(creds: &Credentials, inode: &dyn Inode, wanted: Access) -> bool {
    let Ok(list) = inode.xattr(ACCESS).and_then(|value| parse(&value)) else { return false };
    let wanted = u32::from(wanted.bits());
    let mask = find(&list, Tag::Mask).unwrap_or(7);
    if let Some(named) = find(&list, Tag::User(creds.uid)) {
        return named & mask & wanted == wanted;
    }
    let mut member = false;
    for entry in &list {
        let matches = match entry.tag {
            Tag::Group => creds.in_group(inode.core().gid()),
            Tag::NamedGroup(gid) => creds.in_group(gid),
            _ => false,
        };
        member |= matches;
        if matches && entry.permissions & mask & wanted == wanted {
            return true;
        }
    }
    !member && find(&list, Tag::Other).unwrap_or(0) & wanted == wanted
}

/// Sets a list.
pub(super) fn set(
    creds: &Credentials,
    inode: &InodeRef,
    name: &[u8],
    value: &[u8],
    flags: XattrFlags,
) -> Result<()> {
    let core = inode.core();
    if core.kind == NodeKind::Symlink {
        return Err(Kind::NotSupported.into());
    }
    if !creds.owns(core) {
        return Err(Kind::NotPermitted.into());
    }
    let list = parse(value)?;
    if name == DEFAULT && core.kind != NodeKind::Directory {
        return Err(if list.is_empty() { Kind::Invalid } else { Kind::AccessDenied }.into());
    }
    if list.is_empty() {
        return remove(creds, inode, name);
    }
    if name == DEFAULT {
        inode.set_xattr(name, value, flags)?;
        core.set_flags(InodeFlags::HAS_DEFAULT_ACL, true);
        return Ok(());
    }
    let (mode, plain) = to_mode(&list);
    let attr = super::SetAttr {
        mode: Some(core.mode() & !0o777 | mode),
        changed: Some(super::Timestamp::now()),
        ..super::SetAttr::default()
    };
    inode.set_attr(&attr)?;
    if plain {
        // The mode says it all.
        return remove(creds, inode, name);
    }
    inode.set_xattr(name, value, flags)?;
    core.set_flags(InodeFlags::HAS_ACL, true);
    Ok(())
}

/// Removes a list; none is fine.
pub(super) fn remove(creds: &Credentials, inode: &InodeRef, name: &[u8]) -> Result<()> {
    if !creds.owns(inode.core()) {
        return Err(Kind::NotPermitted.into());
    }
    let flag = if name == ACCESS { InodeFlags::HAS_ACL } else { InodeFlags::HAS_DEFAULT_ACL };
    inode.core().set_flags(flag, false);
    match inode.remove_xattr(name) {
        Err(error) if error != Kind::NoData => Err(error),
        _ => Ok(()),
    }
}

/// The mode was changed: so is the list.
pub(super) fn mode_changed(inode: &InodeRef, mode: u32) {
    if !inode.core().flags().contains(InodeFlags::HAS_ACL) {
        return;
    }
    let updated = inode.xattr(ACCESS).and_then(|value| parse(&value)).and_then(|mut list| {
        apply_mode(&mut list, mode);
        inode.set_xattr(ACCESS, &pack(&list)?, XattrFlags::empty())
    });
    if updated.is_err() {
        // A list that cannot be kept must not permit what the mode does not.
        inode.core().set_flags(InodeFlags::HAS_ACL, false);
    }
}

/// Gives a new node what the default list of its directory says. `mode` is what the maker asked for.
pub(super) fn inherit(directory: &InodeRef, inode: &InodeRef, mode: u32) -> Result<()> {
    let kind = inode.kind();
    if !directory.core().flags().contains(InodeFlags::HAS_DEFAULT_ACL) || kind == NodeKind::Symlink {
        return Ok(());
    }
    let default = directory.xattr(DEFAULT)?;
    let mut list = parse(&default)?;
    if kind == NodeKind::Directory {
        inode.set_xattr(DEFAULT, &default, XattrFlags::empty())?;
        inode.core().set_flags(InodeFlags::HAS_DEFAULT_ACL, true);
    }
    let (granted, plain) = to_mode(&list);
    let kept = mode & granted & 0o777;
    apply_mode(&mut list, kept);
    inode.core().set_mode(inode.core().mode() & !0o777 | kept);
    if !plain {
        inode.set_xattr(ACCESS, &pack(&list)?, XattrFlags::empty())?;
        inode.core().set_flags(InodeFlags::HAS_ACL, true);
    }
    Ok(())
}
