//! Extended attributes.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use super::{copy, TmpNode};
use crate::vfs::types::{Timestamp, XattrFlags};
use crate::{Kind, Result};

/// Bytes of names and values on one node, at most: they live in the kernel's memory.
const LIMIT: usize = 128 * 1024;

/// The attributes of a node.
#[derive(Default)]
pub(super) struct Xattrs {
    all: BTreeMap<Box<[u8]>, Arc<[u8]>>,
    bytes: usize,
}

impl Xattrs {
    pub fn get(&self, name: &[u8]) -> Option<Arc<[u8]>> {
        self.all.get(name).cloned()
    }
    pub fn names(&self, emit: &mut dyn FnMut(&[u8])) {
        self.all.keys().for_each(|name| emit(name));
    }
}

/// Is it one of the name spaces that exist here?
pub(super) fn check_space(name: &[u8]) -> Result<()> {
    let known: [&[u8]; 3] = [b"user.", b"trusted.", b"security."];
    let acl = crate::vfs::acl::is_acl_name(name);
    if acl || known.iter().any(|space| name.starts_with(space) && name.len() > space.len()) {
        return Ok(());
    }
    let bare = known.contains(&name);
    Err(if bare { Kind::Invalid } else { Kind::NotSupported }.into())
}

impl TmpNode {
    pub(super) fn store_xattr(&self, name: &[u8], value: &[u8], flags: XattrFlags) -> Result<()> {
        check_space(name)?;
        let (key, value) = (Box::from(name), copy(value)?);
        let mut guard = self.xattrs.lock();
        let xattrs = guard.get_or_insert_with(Box::default);
        let old = xattrs.all.get(name).map(|old| old.len());
        match old {
            Some(_) if flags.contains(XattrFlags::CREATE) => return Err(Kind::Exists.into()),
            None if flags.contains(XattrFlags::REPLACE) => return Err(Kind::NoData.into()),
            _ => {}
        }
        let before = old.map_or(0, |length| length + name.len());
        let bytes = xattrs.bytes - before + value.len() + name.len();
        if bytes > LIMIT {
            return Err(Kind::NoSpace.into());
        }
        xattrs.bytes = bytes;
        let replaced = xattrs.all.insert(key, value);
        drop(guard);
        drop(replaced);
        self.core.touch_changed(Timestamp::now());
        Ok(())
    }

    pub(super) fn drop_xattr(&self, name: &[u8]) -> Result<()> {
        check_space(name)?;
        let mut guard = self.xattrs.lock();
        let xattrs = guard.as_mut().ok_or(Kind::NoData)?;
        let removed = xattrs.all.remove(name).ok_or(Kind::NoData)?;
        xattrs.bytes -= removed.len() + name.len();
        drop(guard);
        drop(removed);
        self.core.touch_changed(Timestamp::now());
        Ok(())
    }
}
