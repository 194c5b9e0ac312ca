//! Directories: names in order of age, the newest read first.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use names::DirIndex;

use super::{Body, TmpNode, ENTRY_SIZE};
use crate::sync::SpinLock;
use crate::vfs::inode::{InodeFlags, InodeRef, NewNode, Owner, Rename};
use crate::vfs::types::{DirEntry, NodeKind, RenameFlags, Timestamp};
use crate::{Kind, Result};

/// Positions: 0 is `.`, 1 is `..`, and an entry with the number n is at `TOP - n`.
const TOP: u64 = 1 << 62;
/// Where the entries begin: before the one with the highest number.
const FIRST: u64 = 2;

/// The entries of a directory.
pub(super) struct Directory {
    entries: SpinLock<DirIndex<Arc<TmpNode>>>,
    /// The inode number of the directory above; 0 for the root's own.
    above: AtomicU64,
}

impl Directory {
    pub fn new() -> Self {
        Self { entries: SpinLock::new(DirIndex::new()), above: AtomicU64::new(0) }
    }

    pub fn lookup(&self, name: &[u8]) -> Result<InodeRef> {
        match self.entries.lock().get(name) {
            Some(node) => Ok(node.clone()),
            None => Err(Kind::NotFound.into()),
        }
    }

    fn is_empty(&self) -> bool {
        self.entries.lock().is_empty()
    }

    fn insert(&self, name: &[u8], node: Arc<TmpNode>) -> Result<()> {
        if self.entries.lock().insert(name, node) {
            Ok(())
        } else {
            Err(Kind::NoMemory.into())
        }
    }

    fn remove(&self, name: &[u8]) -> Result<Arc<TmpNode>> {
        self.entries.lock().remove(name).ok_or(Kind::NotFound.into())
    }

    /// Drops everything below, level by level: a tree may be deeper than a stack.
    pub fn tear_down(&mut self) {
        let mut pending: Vec<Arc<TmpNode>> = self.entries.get_mut().drain().collect();
        while let Some(node) = pending.pop() {
            let Some(mut node) = Arc::into_inner(node) else { continue };
            if let Body::Directory(directory) = &mut node.body {
                pending.extend(directory.entries.get_mut().drain());
            }
        }
    }
}

/// Moves the entries of all directories from `root` downwards into memory that fits; of as many as there is memory to
/// remember.
pub(super) fn pack_tree(root: &Arc<TmpNode>) {
    let mut pending = Vec::new();
    let mut next = Some(root.clone());
    while let Some(node) = next {
        if let Body::Directory(directory) = &node.body {
            let mut entries = directory.entries.lock();
            entries.pack();
            let below = entries.values().filter(|node| matches!(node.body, Body::Directory(_)));
            for node in below {
                if pending.try_reserve(1).is_ok() {
                    pending.push(node.clone());
                }
            }
        }
        next = pending.pop();
    }
}

/// The node as the type that all nodes of this file system have.
fn own(inode: &InodeRef) -> Result<&TmpNode> {
    inode.downcast::<TmpNode>().ok_or(Kind::CrossDevice.into())
}

impl TmpNode {
    /// An entry came (`more`) or went.
    fn count_entry(&self, more: bool, now: Timestamp) {
        let size = self.core.size();
        self.core.set_size(if more { size + ENTRY_SIZE } else { size.saturating_sub(ENTRY_SIZE) });
        self.core.touch_modified(now);
    }

    pub(super) fn create_entry(&self, name: &[u8], node: NewNode, owner: Owner) -> Result<InodeRef> {
        let directory = self.directory()?;
        let made = TmpNode::make(&self.shared, node, owner)?;
        made.core.set_flags(self.core.flags() & InodeFlags::INHERITED, true);
        directory.insert(name, made.clone())?;
        if let Body::Directory(below) = &made.body {
            below.above.store(self.core.number, Ordering::Relaxed);
            self.core.add_link();
        }
        self.count_entry(true, owner.now);
        Ok(made)
    }

    pub(super) fn link_entry(&self, name: &[u8], target: &InodeRef) -> Result<()> {
        let core = target.core();
        let node = super::into_node(target.clone()).ok_or(Kind::CrossDevice)?;
        self.directory()?.insert(name, node)?;
        let now = Timestamp::now();
        core.add_link();
        core.touch_changed(now);
        self.count_entry(true, now);
        Ok(())
    }

    pub(super) fn remove_entry(&self, name: &[u8], as_directory: bool) -> Result<()> {
        let directory = self.directory()?;
        if as_directory {
            let target = directory.lookup(name)?;
            if !own(&target)?.directory()?.is_empty() {
                return Err(Kind::NotEmpty.into());
            }
        }
        let gone = directory.remove(name)?;
        let now = Timestamp::now();
        if as_directory {
            gone.core.set_links(0);
            self.core.drop_link();
        } else {
            gone.core.drop_link();
        }
        gone.core.touch_changed(now);
        self.count_entry(false, now);
        Ok(())
    }

    pub(super) fn rename_entry(&self, rename: &Rename) -> Result<()> {
        let to = own(rename.new_parent)?;
        if rename.flags.contains(RenameFlags::EXCHANGE) {
            return self.exchange_entries(rename, to);
        }
        let (from_index, to_index) = (self.directory()?, to.directory()?);
        if let Some(target) = rename.target {
            let target = own(target)?;
            if target.core.kind == NodeKind::Directory && !target.directory()?.is_empty() {
                return Err(Kind::NotEmpty.into());
            }
        }
        let source = from_index.entries.lock().get(rename.name).cloned().ok_or(Kind::NotFound)?;
        let now = Timestamp::now();
        // The new name first: if there is no memory for it, nothing has happened.
        let replaced =
            if rename.target.is_some() { to_index.entries.lock().remove(rename.new_name) } else { None };
        if let Err(error) = to_index.insert(rename.new_name, source.clone()) {
            if let Some(replaced) = replaced {
                to_index.insert(rename.new_name, replaced)?;
            }
            return Err(error);
        }
        let old = from_index.remove(rename.name)?;
        self.count_entry(false, now);
        to.count_entry(true, now);
        if let Some(replaced) = replaced {
            to.count_entry(false, now);
            to.forget(&replaced, now);
        }
        self.moved(&source, to);
        source.core.touch_changed(now);
        drop(old);
        Ok(())
    }

    /// A node lost its name in this directory.
    fn forget(&self, node: &TmpNode, now: Timestamp) {
        if node.core.kind == NodeKind::Directory {
            node.core.set_links(0);
            self.core.drop_link();
        } else {
            node.core.drop_link();
        }
        node.core.touch_changed(now);
    }

    /// A node moved from this directory to another one.
    fn moved(&self, node: &TmpNode, to: &TmpNode) {
        if let Body::Directory(directory) = &node.body {
            directory.above.store(to.core.number, Ordering::Relaxed);
            self.core.drop_link();
            to.core.add_link();
        }
    }

    fn exchange_entries(&self, rename: &Rename, to: &TmpNode) -> Result<()> {
        let (from_index, to_index) = (self.directory()?, to.directory()?);
        let one = from_index.entries.lock().get(rename.name).cloned().ok_or(Kind::NotFound)?;
        let two = to_index.entries.lock().get(rename.new_name).cloned().ok_or(Kind::NotFound)?;
        let old_one = from_index.entries.lock().replace(rename.name, two.clone());
        let old_two = to_index.entries.lock().replace(rename.new_name, one.clone());
        let now = Timestamp::now();
        if !core::ptr::eq(self, to) {
            self.moved(&one, to);
            to.moved(&two, self);
        }
        for core in [&self.core, &to.core] {
            core.touch_modified(now);
        }
        for node in [&one, &two] {
            node.core.touch_changed(now);
        }
        drop((old_one, old_two));
        Ok(())
    }

    pub(super) fn read_entries(&self, from: u64, emit: &mut dyn FnMut(DirEntry) -> bool) -> Result<u64> {
        let directory = self.directory()?;
        let mut position = from;
        if position == 0 {
            if !emit(DirEntry { inode: self.core.number, kind: NodeKind::Directory, name: b".", next: 1 }) {
                return Ok(position);
            }
            position = 1;
        }
        if position == 1 {
            let above = match directory.above.load(Ordering::Relaxed) {
                0 => self.core.number,
                above => above,
            };
            if !emit(DirEntry { inode: above, kind: NodeKind::Directory, name: b"..", next: FIRST }) {
                return Ok(position);
            }
            position = FIRST;
        }
        let entries = directory.entries.lock();
        let mut number = if position == FIRST { u64::MAX } else { TOP.saturating_sub(position) };
        while let Some((found, name, node)) = entries.before(number) {
            let next = TOP - found;
            let entry =
                DirEntry { inode: node.core.number, kind: node.core.kind, name: name.as_bytes(), next };
            if !emit(entry) {
                break;
            }
            (number, position) = (found, next);
        }
        Ok(position)
    }
}
