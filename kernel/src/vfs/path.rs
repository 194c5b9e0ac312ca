//! [`Path`]: a place in the tree of mounted file systems, and [`Dentry`], its end: an inode under a name.
//!
//! All names and mounts hang in one [`Tree`] behind one lock with many readers: a walk over cached names takes it
//! once. A dentry owns its slot in the tree in one of three ways ([`Hold`]), so that dropping the last path to a
//! removed file frees the name, and dropping one to a cached file costs nothing.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicU8, Ordering};

use names::SlotId;

use super::inode::InodeRef;
use super::mount::Mount;
use super::tree::TREE;
use super::types::{Metadata, MountFlags};
use crate::{Kind, Result};

/// The slot of a dentry that has no place.
pub(super) const NO_SLOT: SlotId = SlotId::MAX;

/// Who owns the slot of a dentry.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Hold {
    /// The tree: it holds a reference to the dentry too.
    Cached,
    /// The dentry: the slot is freed when it is dropped.
    Own,
    /// Nobody: the slot was freed, or there never was one.
    Gone,
}

/// An inode under a name.
pub struct Dentry {
    slot: SlotId,
    hold: AtomicU8,
    /// Mounts on top of it.
    mounts: AtomicU32,
    inode: InodeRef,
    /// The name of something that is in no directory.
    label: Option<Box<str>>,
}

impl Dentry {
    pub(super) fn new(slot: SlotId, hold: Hold, inode: InodeRef, label: Option<Box<str>>) -> Arc<Self> {
        Arc::new(Self { slot, hold: AtomicU8::new(hold as u8), mounts: AtomicU32::new(0), inode, label })
    }

    /// What it names.
    #[inline]
    pub fn inode(&self) -> &InodeRef {
        &self.inode
    }
    #[inline]
    pub(super) fn slot(&self) -> SlotId {
        self.slot
    }
    /// Is anything mounted on it?
    #[inline]
    pub(super) fn is_mount_point(&self) -> bool {
        self.mounts.load(Ordering::Relaxed) != 0
    }
    pub(super) fn count_mount(&self, more: bool) {
        if more {
            self.mounts.fetch_add(1, Ordering::Relaxed);
        } else {
            self.mounts.fetch_sub(1, Ordering::Relaxed);
        }
    }
    pub(super) fn set_hold(&self, hold: Hold) {
        self.hold.store(hold as u8, Ordering::Release);
    }
    pub(super) fn owns_slot(&self) -> bool {
        self.hold.load(Ordering::Acquire) == Hold::Own as u8
    }
}

impl Drop for Dentry {
    #[inline]
    fn drop(&mut self) {
        if self.owns_slot() {
            free_chain(self.slot);
        }
    }
}

/// Frees the slot of a removed dentry, and then those of removed parents that only waited for it. A loop, because
/// a chain of removed directories can be long.
#[cold]
fn free_chain(mut slot: SlotId) {
    loop {
        let mut tree = TREE.write();
        let (value, parent) = tree.names.free(slot);
        let parent = parent.and_then(|parent| tree.release_parent(parent));
        drop(tree);
        // A dentry that frees its own slot is not in the tree any more.
        debug_assert!(value.is_none());
        let Some(next) = parent.and_then(Arc::into_inner) else { return };
        if !next.owns_slot() {
            return;
        }
        next.set_hold(Hold::Gone);
        slot = next.slot;
    }
}

/// A place: a dentry as seen through a mount.
#[derive(Clone)]
pub struct Path {
    pub(super) mount: Arc<Mount>,
    pub(super) dentry: Arc<Dentry>,
}

/// The name of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathName {
    /// From the root given, or from its own root if it is not below that.
    pub bytes: Vec<u8>,
    /// Was it removed?
    pub deleted: bool,
    /// Is it below the root given?
    pub reachable: bool,
}

impl Path {
    pub(super) fn new(mount: Arc<Mount>, dentry: Arc<Dentry>) -> Self {
        Self { mount, dentry }
    }

    /// A place for something that is in no directory, called `label`.
    pub fn anonymous(mount: &Arc<Mount>, inode: InodeRef, label: Option<Box<str>>) -> Self {
        Self { mount: mount.clone(), dentry: Dentry::new(NO_SLOT, Hold::Gone, inode, label) }
    }

    /// What is there.
    #[inline]
    pub fn inode(&self) -> &InodeRef {
        &self.dentry.inode
    }
    /// Through which mount.
    #[inline]
    pub fn mount(&self) -> &Arc<Mount> {
        &self.mount
    }
    /// What `stat` tells.
    #[inline]
    pub fn metadata(&self) -> Metadata {
        self.dentry.inode.metadata()
    }
    /// The same place?
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.dentry, &other.dentry) && Arc::ptr_eq(&self.mount, &other.mount)
    }
    /// Is it in no directory, and the top of nothing?
    pub fn is_placeless(&self) -> bool {
        self.dentry.slot == NO_SLOT && !self.is_mount_root()
    }
    /// Is it the top of its mount?
    pub fn is_mount_root(&self) -> bool {
        Arc::ptr_eq(&self.dentry, self.mount.root())
    }
    /// [`Kind::ReadOnly`] if nothing may be changed through this mount.
    pub fn check_writable(&self) -> Result<()> {
        if self.mount.flags().contains(MountFlags::READ_ONLY) || self.mount.superblock().is_read_only() {
            return Err(Kind::ReadOnly.into());
        }
        Ok(())
    }
    /// Was its name removed (or was there never one)?
    pub fn is_deleted(&self) -> bool {
        TREE.read().is_removed(&self.dentry)
    }
    /// The last name. Empty for the top of a file system.
    pub fn last_name(&self) -> Vec<u8> {
        match (&self.dentry.label, self.dentry.slot) {
            (Some(label), _) => label.as_bytes().to_vec(),
            (None, NO_SLOT) => Vec::new(),
            (None, slot) => TREE.read().names.name(slot).as_bytes().to_vec(),
        }
    }
    /// The name from `root` on, as `getcwd` and `/proc` show it.
    pub fn name(&self, root: &Path) -> PathName {
        if self.dentry.slot == NO_SLOT {
            let label = self.dentry.label.as_deref().unwrap_or("").as_bytes().to_vec();
            return PathName { bytes: label, deleted: false, reachable: true };
        }
        TREE.read().name(self, root)
    }
}
