//! From keys and identifiers to objects.
//!
//! An identifier is a place in a table and a sequence number, which tells the object that is at that place from those
//! that were. Both are given out in the same order as on Linux.

use alloc::sync::Arc;
use alloc::vec::Vec;

use exo_kernel::room;
use exo_kernel::sync::SpinLock;
use hashbrown::HashMap;

use super::limits::MNI_LIMIT;
use super::{IPC_CREAT, IPC_EXCL};
use crate::Errno;

/// Bits of an identifier that are the place.
const INDEX_BITS: u32 = MNI_LIMIT.trailing_zeros();
/// Sequence numbers.
const SEQUENCES: u32 = (i32::MAX as u32 >> INDEX_BITS) + 1;
/// Places are used again only after this many others, or half as many again as there are objects.
const LEAST_CYCLE: usize = 64;
/// `IPC_PRIVATE`: an object without a key.
const PRIVATE: i32 = 0;

/// What a registry holds.
pub trait Object {
    /// Tells the object its identifier, before anybody else can find it.
    fn set_id(&self, id: i32);
}

struct Slot<T> {
    id: i32,
    key: i32,
    object: Arc<T>,
}

struct Table<T> {
    slots: Vec<Option<Slot<T>>>,
    /// Places of objects with keys.
    keys: HashMap<i32, usize>,
    used: usize,
    /// Where to look for a free place.
    next: usize,
    last: Option<usize>,
    sequence: u32,
}

/// All objects of a kind.
pub struct Registry<T> {
    table: SpinLock<Table<T>>,
}

fn index_of(id: i32) -> usize {
    (id & (MNI_LIMIT as i32 - 1)) as usize
}

/// The sequence number that is part of an identifier.
pub(super) fn sequence_of(id: i32) -> u16 {
    (id >> INDEX_BITS) as u16
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        let table =
            Table { slots: Vec::new(), keys: HashMap::new(), used: 0, next: 0, last: None, sequence: 0 };
        Self { table: SpinLock::new(table) }
    }
}

impl<T> Table<T> {
    fn is_free(&self, index: usize) -> bool {
        self.slots.get(index).is_none_or(Option::is_none)
    }

    /// A free place for one more object.
    fn place(&self) -> Option<usize> {
        let end = (self.used * 3 / 2).max(LEAST_CYCLE).min(MNI_LIMIT as usize);
        let next = self.next.min(end);
        (next..end).chain(0..next).find(|index| self.is_free(*index))
    }

    fn insert(&mut self, key: i32, object: Arc<T>) -> Result<i32, Errno> {
        let index = self.place().ok_or(Errno::ENOSPC)?;
        if index >= self.slots.len() {
            self.slots.try_reserve(index + 1 - self.slots.len()).map_err(|_| Errno::ENOMEM)?;
            self.slots.resize_with(index + 1, || None);
        }
        if key != PRIVATE {
            self.keys.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            self.keys.insert(key, index);
        }
        self.next = index + 1;
        if self.last.is_some_and(|last| index <= last) {
            self.sequence = (self.sequence + 1) % SEQUENCES;
        }
        self.last = Some(index);
        self.used += 1;
        let id = (self.sequence << INDEX_BITS) as i32 | index as i32;
        self.slots[index] = Some(Slot { id, key, object });
        Ok(id)
    }

    fn find(&self, id: i32) -> Result<&Slot<T>, Errno> {
        if id < 0 {
            return Err(Errno::EINVAL);
        }
        let slot = self.slots.get(index_of(id)).and_then(Option::as_ref);
        slot.filter(|slot| slot.id == id).ok_or(Errno::EINVAL)
    }

    fn by_key(&self, key: i32) -> Option<(i32, Arc<T>)> {
        let slot = self.slots.get(*self.keys.get(&key)?)?.as_ref()?;
        Some((slot.id, slot.object.clone()))
    }
}

impl<T: Object> Registry<T> {
    /// What the `…get` calls do: the identifier of the object with this key, or of a new one. There are at most
    /// `limit`. `check` says whether the caller may have the one that is there; `make` makes one.
    pub fn get(
        &self,
        key: i32,
        flags: u32,
        limit: u64,
        check: impl Fn(&T) -> Result<(), Errno>,
        mut make: impl FnMut() -> Result<Arc<T>, Errno>,
    ) -> Result<i32, Errno> {
        let existing = |(id, object): (i32, Arc<T>)| {
            if flags & (IPC_CREAT | IPC_EXCL) == IPC_CREAT | IPC_EXCL {
                return Err(Errno::EEXIST);
            }
            check(&object).map(|()| id)
        };
        if key != PRIVATE {
            let found = self.table.lock().by_key(key);
            match found {
                Some(found) => return existing(found),
                None if flags & IPC_CREAT == 0 => return Err(Errno::ENOENT),
                None => {}
            }
        }
        let object = make()?;
        let mut table = self.table.lock();
        // Somebody else may have made it meanwhile.
        let found = if key == PRIVATE { None } else { table.by_key(key) };
        if let Some(found) = found {
            drop(table);
            return existing(found);
        }
        if table.used as u64 >= limit {
            return Err(Errno::ENOSPC);
        }
        let id = table.insert(key, object.clone())?;
        object.set_id(id);
        Ok(id)
    }
}

impl<T> Registry<T> {
    /// The object with this identifier. EINVAL if there is none (any more).
    pub fn find(&self, id: i32) -> Result<Arc<T>, Errno> {
        self.table.lock().find(id).map(|slot| slot.object.clone())
    }

    /// The object at the place that is part of this identifier, and its whole identifier.
    pub fn at_place_of(&self, id: i32) -> Result<(i32, Arc<T>), Errno> {
        if id < 0 {
            return Err(Errno::EINVAL);
        }
        self.from_place(index_of(id))
            .filter(|(found, _)| index_of(*found) == index_of(id))
            .ok_or(Errno::EINVAL)
    }

    /// The first object at this place or behind it.
    pub fn from_place(&self, index: usize) -> Option<(i32, Arc<T>)> {
        let table = self.table.lock();
        let slot = table.slots.get(index..)?.iter().flatten().next()?;
        Some((slot.id, slot.object.clone()))
    }

    /// All objects in order.
    pub fn iter(&self) -> impl Iterator<Item = (i32, Arc<T>)> + '_ {
        core::iter::successors(self.from_place(0), |(id, _)| self.from_place(index_of(*id) + 1))
    }

    /// The object cannot be found by its key any more.
    pub fn forget_key(&self, id: i32) {
        let mut table = self.table.lock();
        let Some(slot) = table.slots.get_mut(index_of(id)).and_then(Option::as_mut) else { return };
        if slot.id == id {
            let key = core::mem::replace(&mut slot.key, PRIVATE);
            if key != PRIVATE {
                table.keys.remove(&key);
                room::shrink_map(&mut table.keys);
            }
        }
    }

    /// Takes the object out.
    pub fn remove(&self, id: i32) {
        self.forget_key(id);
        let mut table = self.table.lock();
        if table.find(id).is_err() {
            return;
        }
        let gone = table.slots[index_of(id)].take();
        table.used -= 1;
        let end = table.slots.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        table.slots.truncate(end);
        room::shrink(&mut table.slots);
        drop(table);
        drop(gone);
    }

    /// How many objects there are.
    pub fn count(&self) -> usize {
        self.table.lock().used
    }

    /// The highest place that is used, as the `…_INFO` commands return it: 0 also if there is none.
    pub fn highest_place(&self) -> usize {
        self.table.lock().slots.len().saturating_sub(1)
    }
}
