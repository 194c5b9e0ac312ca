//! The tree of cached names, with what is mounted where.

use alloc::sync::Arc;
use alloc::vec::Vec;

use names::{Hasher, Name, NameCache, SlotId, State};
use spin::RwLock;

use super::inode::InodeRef;
use super::mount::MountTable;
use super::path::{Dentry, Hold, Path, PathName, NO_SLOT};
use crate::{Kind, Result};

/// Names kept when nobody uses them.
const CACHED_NAMES: usize = 2048;

/// A dentry for a file without a name, made in `directory`.
pub(super) fn enter_unnamed(directory: &Path, label: &[u8], inode: InodeRef) -> Result<Arc<Dentry>> {
    TREE.write().enter_detached(&directory.dentry, label, inode)
}

/// Names and mounts.
pub(super) struct Tree {
    pub names: NameCache<Arc<Dentry>>,
    pub mounts: MountTable,
}

pub(super) static TREE: RwLock<Tree> =
    RwLock::new(Tree { names: NameCache::new(CACHED_NAMES, 0x5eed), mounts: MountTable::new() });

/// Forgets all cached names that nobody uses.
pub fn forget_unused_names() {
    // Each round frees one name at least; names that are freed with their parent come in a later one.
    let mut names = TREE.read().names.len();
    while names > 0 {
        let gone = TREE.write().evict_one();
        drop(gone);
        let left = TREE.read().names.len();
        if left == names {
            break;
        }
        names = left;
    }
}

/// Gives back the memory for names that are forgotten.
pub fn shrink_names() {
    TREE.write().names.shrink();
}

/// What the cache knows about a name.
pub(super) enum Cached<'t> {
    Positive(&'t Arc<Dentry>),
    /// There is no such name.
    Negative,
    Unknown,
}

impl Tree {
    /// What is known about `name` in `parent`.
    #[inline]
    pub fn find(&self, parent: &Dentry, hash: u32, name: &[u8]) -> Cached<'_> {
        match self.names.get(parent.slot(), hash, name) {
            Some(slot) => self.names.value(slot).map_or(Cached::Negative, Cached::Positive),
            None => Cached::Unknown,
        }
    }

    /// The hash of a name.
    #[inline]
    pub fn hasher(&self) -> Hasher {
        Hasher::new(self.names.seed())
    }

    /// The name of a dentry that has one.
    pub fn name_of(&self, dentry: &Dentry) -> Option<&[u8]> {
        (dentry.slot() != NO_SLOT).then(|| self.names.name(dentry.slot()).as_bytes())
    }

    /// The dentry above, within the file system.
    pub fn parent(&self, dentry: &Dentry) -> Option<&Arc<Dentry>> {
        if dentry.slot() == NO_SLOT {
            return None;
        }
        self.names.value(self.names.parent(dentry.slot())?)
    }

    /// Is a name in this directory worth remembering? Not once the directory was removed.
    fn remembers(&self, parent: &Dentry) -> bool {
        parent.slot() != NO_SLOT && self.names.state(parent.slot()) != State::Detached
    }

    /// Remembers what `name` in `parent` is, in place of what was known. A name that cannot be remembered still
    /// gives a dentry.
    pub fn enter(
        &mut self,
        parent: &Arc<Dentry>,
        hash: u32,
        name: &[u8],
        inode: InodeRef,
    ) -> Result<Arc<Dentry>> {
        if !self.remembers(parent) {
            return self.enter_detached(parent, name, inode);
        }
        let slot = match self.names.get(parent.slot(), hash, name) {
            Some(slot) => slot,
            None => self.names.insert(parent.slot(), hash, name, None).ok_or(Kind::NoMemory)?,
        };
        let dentry = Dentry::new(slot, Hold::Cached, inode, None);
        let old = self.names.set_value(slot, Some(dentry.clone()));
        debug_assert!(old.is_none());
        Ok(dentry)
    }

    /// A dentry that lookups do not find.
    pub fn enter_detached(
        &mut self,
        parent: &Arc<Dentry>,
        name: &[u8],
        inode: InodeRef,
    ) -> Result<Arc<Dentry>> {
        if parent.slot() == NO_SLOT {
            return Ok(Dentry::new(NO_SLOT, Hold::Gone, inode, None));
        }
        let slot = self.names.insert_detached(parent.slot(), name, None).ok_or(Kind::NoMemory)?;
        // A removed directory stays while something below needs it for its `..`.
        if self.names.state(parent.slot()) == State::Detached && self.names.value(parent.slot()).is_none() {
            self.names.set_value(parent.slot(), Some(parent.clone()));
        }
        Ok(Dentry::new(slot, Hold::Own, inode, None))
    }

    /// The top of a file system.
    pub fn enter_root(&mut self, inode: InodeRef) -> Result<Arc<Dentry>> {
        // The slot's number is only known once there is a value: reserve with a stand-in.
        let stand_in = Dentry::new(NO_SLOT, Hold::Gone, inode.clone(), None);
        let slot = self.names.insert_root(stand_in).ok_or(Kind::NoMemory)?;
        let dentry = Dentry::new(slot, Hold::Cached, inode, None);
        self.names.set_value(slot, Some(dentry.clone()));
        Ok(dentry)
    }

    /// Remembers that there is no `name` in `parent`.
    pub fn enter_negative(&mut self, parent: &Dentry, hash: u32, name: &[u8]) {
        if self.remembers(parent) && self.names.get(parent.slot(), hash, name).is_none() {
            // Without memory it is simply not remembered.
            let _ = self.names.insert(parent.slot(), hash, name, None);
        }
    }

    /// Forgets the names below `dentry` that are known not to exist.
    fn forget_negative_children(&mut self, dentry: &Dentry) {
        loop {
            let names = &self.names;
            let negative = |&id: &SlotId| names.value(id).is_none() && names.state(id) == State::Hashed;
            let Some(child) = names.children(dentry.slot()).find(negative) else { return };
            self.names.free(child);
        }
    }

    /// The name was removed. The caller has one reference to `dentry`, the tree another; with no more, the slot
    /// stays and remembers the absence. What is returned is to be dropped after the lock.
    #[must_use = "dropped after the lock"]
    pub fn remove(&mut self, dentry: &Arc<Dentry>) -> Option<Arc<Dentry>> {
        let slot = dentry.slot();
        if slot == NO_SLOT || self.names.state(slot) != State::Hashed {
            return None;
        }
        if dentry.inode().is_directory() {
            self.forget_negative_children(dentry);
        }
        if Arc::strong_count(dentry) == 2 && !self.names.has_children(slot) {
            dentry.set_hold(Hold::Gone);
            return self.names.set_value(slot, None);
        }
        self.detach(dentry)
    }

    /// As [`remove`](Self::remove), but nothing is remembered about the name.
    #[must_use = "dropped after the lock"]
    pub fn detach(&mut self, dentry: &Arc<Dentry>) -> Option<Arc<Dentry>> {
        let slot = dentry.slot();
        if slot == NO_SLOT || self.names.state(slot) != State::Hashed {
            return None;
        }
        self.names.detach(slot);
        dentry.set_hold(Hold::Own);
        if self.names.has_children(slot) {
            return None;
        }
        self.names.set_value(slot, None)
    }

    /// Makes a name free in the cache. What had it is detached.
    #[must_use = "dropped after the lock"]
    fn vacate(&mut self, parent: &Dentry, hash: u32, name: &[u8]) -> Option<Arc<Dentry>> {
        let slot = self.names.get(parent.slot(), hash, name)?;
        match self.names.value(slot).cloned() {
            Some(dentry) => {
                if dentry.inode().is_directory() {
                    self.forget_negative_children(&dentry);
                }
                let from_tree = self.detach(&dentry);
                drop(from_tree);
                Some(dentry)
            }
            None => {
                self.names.free(slot);
                None
            }
        }
    }

    /// `dentry` now has another name. What had that is detached.
    #[must_use = "dropped after the lock"]
    pub fn rename(&mut self, dentry: &Dentry, parent: &Dentry, name: &[u8]) -> Option<Arc<Dentry>> {
        let hash = Hasher::of(self.names.seed(), name);
        let replaced = self.vacate(parent, hash, name);
        if dentry.slot() != NO_SLOT && self.remembers(parent) {
            if let Some(name) = Name::new(name) {
                self.names.attach(dentry.slot(), parent.slot(), hash, name);
            }
        }
        replaced
    }

    /// Two dentries changed places.
    pub fn exchange(&mut self, one: &Dentry, two: &Dentry) {
        let places = [one, two]
            .map(|dentry| (self.names.parent(dentry.slot()), self.names.name(dentry.slot()).clone()));
        let [(Some(parent_one), name_one), (Some(parent_two), name_two)] = places else { return };
        let seed = self.names.seed();
        self.names.detach(one.slot());
        self.names.detach(two.slot());
        let (hash_one, hash_two) =
            (Hasher::of(seed, name_one.as_bytes()), Hasher::of(seed, name_two.as_bytes()));
        self.names.attach(one.slot(), parent_two, hash_two, name_two);
        self.names.attach(two.slot(), parent_one, hash_one, name_one);
    }

    /// Is `dentry` at or below `ancestor`, within one file system?
    pub fn is_below(&self, dentry: &Dentry, ancestor: &Dentry) -> bool {
        dentry.slot() != NO_SLOT
            && ancestor.slot() != NO_SLOT
            && self.names.is_below(dentry.slot(), ancestor.slot())
    }

    /// A removed directory that only stayed for its children, if they are gone.
    pub fn release_parent(&mut self, parent: SlotId) -> Option<Arc<Dentry>> {
        if self.names.state(parent) != State::Detached || self.names.has_children(parent) {
            return None;
        }
        self.names.set_value(parent, None)
    }

    /// Forgets a name that was not used lately if there are too many. What is returned is to be dropped after the
    /// lock.
    #[must_use = "dropped after the lock"]
    pub fn trim(&mut self) -> [Option<Arc<Dentry>>; 2] {
        if !self.names.is_over_limit() {
            return [None, None];
        }
        self.evict_one()
    }

    /// Forgets a name that nobody uses, if there is one.
    fn evict_one(&mut self) -> [Option<Arc<Dentry>>; 2] {
        let idle = |dentry: &Arc<Dentry>| Arc::strong_count(dentry) == 1 && !dentry.is_mount_point();
        let Some(evicted) = self.names.evict(idle) else { return [None, None] };
        if let Some(dentry) = &evicted.value {
            dentry.set_hold(Hold::Gone);
        }
        let parent = evicted.parent.and_then(|parent| self.release_parent(parent));
        [evicted.value, parent]
    }

    /// Forgets everything at and below the root of a file system that is going. No path leads there any more.
    #[must_use = "dropped after the lock"]
    pub fn forget_all(&mut self, root: &Dentry) -> Vec<Arc<Dentry>> {
        let mut order = Vec::new();
        let mut gone = Vec::new();
        order.push(root.slot());
        let mut next = 0;
        while let Some(&slot) = order.get(next) {
            order.extend(self.names.children(slot));
            next += 1;
        }
        for &slot in order.iter().rev().filter(|&&slot| slot != NO_SLOT) {
            if self.names.has_children(slot) {
                continue;
            }
            if let (Some(dentry), _) = self.names.free(slot) {
                dentry.set_hold(Hold::Gone);
                gone.push(dentry);
            }
        }
        gone
    }

    /// Was the name removed?
    pub fn is_removed(&self, dentry: &Dentry) -> bool {
        dentry.slot() == NO_SLOT || self.names.state(dentry.slot()) == State::Detached
    }

    /// The name from the root of its file system on.
    pub fn name_within(&self, dentry: &Arc<Dentry>) -> Vec<u8> {
        let (mut current, mut reversed) = (dentry, Vec::new());
        while let Some(parent) = self.parent(current) {
            reversed.extend(self.names.name(current.slot()).as_bytes().iter().rev());
            reversed.push(b'/');
            current = parent;
        }
        if reversed.is_empty() {
            reversed.push(b'/');
        }
        reversed.reverse();
        reversed
    }

    /// See [`Path::name`].
    pub fn name(&self, path: &Path, root: &Path) -> PathName {
        let deleted = self.names.state(path.dentry.slot()) == State::Detached;
        let (mut mount, mut dentry) = (&path.mount, &path.dentry);
        let mut reversed: Vec<u8> = Vec::new();
        let reachable = loop {
            if Arc::ptr_eq(dentry, &root.dentry) && Arc::ptr_eq(mount, &root.mount) {
                break true;
            }
            if Arc::ptr_eq(dentry, mount.root()) {
                let Some(place) = self.mounts.place(mount) else { break self.mounts.is_top(mount) };
                (mount, dentry) = (&place.parent, &place.point);
                continue;
            }
            let Some(parent) = self.parent(dentry) else { break false };
            reversed.extend(self.names.name(dentry.slot()).as_bytes().iter().rev());
            reversed.push(b'/');
            dentry = parent;
        };
        if reversed.is_empty() {
            reversed.push(b'/');
        }
        reversed.reverse();
        PathName { bytes: reversed, deleted, reachable }
    }
}
