//! [`NameCache`]: names in a tree, each with a value or with the knowledge that there is nothing.
//!
//! A slot is a name under a parent slot. It is a *root* (no parent), *hashed* (found by [`NameCache::get`]) or
//! *detached* (no longer found, but it keeps its name and parent for whoever still holds its value). A slot stays
//! as long as it has children. What is not in use is evicted by the clock algorithm: a lookup marks a slot, and
//! the hand passes a marked slot once.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::name::Name;

/// The number of a slot.
pub type SlotId = u32;

const NONE: SlotId = u32::MAX;
/// Slots that there are at least, once there are any.
const LEAST: usize = 64;

/// How a slot hangs in the tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Not in use.
    Free,
    /// The top of a tree.
    Root,
    /// Found by name.
    Hashed,
    /// Not found any more.
    Detached,
}

struct Slot<V> {
    state: State,
    hash: u32,
    parent: SlotId,
    /// The next slot in the bucket, or the next free one.
    next: SlotId,
    first_child: SlotId,
    next_sibling: SlotId,
    previous_sibling: SlotId,
    used: AtomicBool,
    name: Name,
    value: Option<V>,
}

/// A cache of names.
pub struct NameCache<V> {
    buckets: Vec<SlotId>,
    slots: Vec<Slot<V>>,
    free: SlotId,
    live: usize,
    hand: usize,
    limit: usize,
    seed: u64,
}

/// What [`NameCache::evict`] took out.
pub struct Evicted<V> {
    /// The value, to be dropped outside of the lock.
    pub value: Option<V>,
    /// The slot above, which may have lost its last child.
    pub parent: Option<SlotId>,
}

impl<V> NameCache<V> {
    /// A cache for about `limit` names.
    pub const fn new(limit: usize, seed: u64) -> Self {
        Self { buckets: Vec::new(), slots: Vec::new(), free: NONE, live: 0, hand: 0, limit, seed }
    }

    /// What names are hashed with.
    #[inline]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Changes the seed; only an empty cache can.
    pub fn set_seed(&mut self, seed: u64) {
        if self.live == 0 {
            self.seed = seed;
        }
    }

    /// Slots in use.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Is no slot in use?
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Is it time to [`evict`](Self::evict)?
    #[inline]
    pub fn is_over_limit(&self) -> bool {
        self.live > self.limit
    }

    #[inline]
    fn bucket(&self, parent: SlotId, hash: u32) -> usize {
        let mixed = hash ^ parent.wrapping_mul(0x9e37_79b1);
        mixed as usize & (self.buckets.len() - 1)
    }

    /// The slot of `name` under `parent`. Marks it as used.
    #[inline]
    pub fn get(&self, parent: SlotId, hash: u32, name: &[u8]) -> Option<SlotId> {
        if self.buckets.is_empty() {
            return None;
        }
        let mut id = self.buckets[self.bucket(parent, hash)];
        while let Some(slot) = self.slots.get(id as usize) {
            if slot.hash == hash && slot.parent == parent && slot.name.is(name) {
                if !slot.used.load(Ordering::Relaxed) {
                    slot.used.store(true, Ordering::Relaxed);
                }
                return Some(id);
            }
            id = slot.next;
        }
        None
    }

    /// The value of a slot; `None` for a name that is known not to exist.
    #[inline]
    pub fn value(&self, id: SlotId) -> Option<&V> {
        self.slots[id as usize].value.as_ref()
    }

    /// Replaces the value.
    pub fn set_value(&mut self, id: SlotId, value: Option<V>) -> Option<V> {
        core::mem::replace(&mut self.slots[id as usize].value, value)
    }

    /// How the slot hangs in the tree.
    #[inline]
    pub fn state(&self, id: SlotId) -> State {
        self.slots.get(id as usize).map_or(State::Free, |slot| slot.state)
    }

    /// The parent; `None` for a root.
    #[inline]
    pub fn parent(&self, id: SlotId) -> Option<SlotId> {
        let parent = self.slots[id as usize].parent;
        (parent != NONE).then_some(parent)
    }

    /// The name.
    pub fn name(&self, id: SlotId) -> &Name {
        &self.slots[id as usize].name
    }

    /// Are there slots below?
    pub fn has_children(&self, id: SlotId) -> bool {
        self.slots[id as usize].first_child != NONE
    }

    /// The slots directly below.
    pub fn children(&self, id: SlotId) -> impl Iterator<Item = SlotId> + '_ {
        let mut next = self.slots[id as usize].first_child;
        core::iter::from_fn(move || {
            let id = next;
            next = self.slots.get(id as usize)?.next_sibling;
            Some(id)
        })
    }

    /// Is `id` at or below `ancestor`?
    pub fn is_below(&self, mut id: SlotId, ancestor: SlotId) -> bool {
        loop {
            if id == ancestor {
                return true;
            }
            match self.parent(id) {
                Some(parent) => id = parent,
                None => return false,
            }
        }
    }

    /// A new root. `None` without memory.
    pub fn insert_root(&mut self, value: V) -> Option<SlotId> {
        let id = self.take_free()?;
        self.fill(id, State::Root, NONE, 0, Name::empty(), Some(value));
        Some(id)
    }

    /// A name under `parent`, which must not be there yet. `None` without memory.
    pub fn insert(&mut self, parent: SlotId, hash: u32, name: &[u8], value: Option<V>) -> Option<SlotId> {
        let name = Name::new(name)?;
        let id = self.take_free()?;
        self.fill(id, State::Detached, parent, hash, name, value);
        self.adopt(parent, id);
        self.enter(id);
        Some(id)
    }

    /// A name under `parent` that is not found by [`get`](Self::get). `None` without memory.
    pub fn insert_detached(&mut self, parent: SlotId, name: &[u8], value: Option<V>) -> Option<SlotId> {
        let name = Name::new(name)?;
        let id = self.take_free()?;
        self.fill(id, State::Detached, parent, 0, name, value);
        self.adopt(parent, id);
        Some(id)
    }

    /// Makes the slot not found any more. It keeps its name and parent.
    pub fn detach(&mut self, id: SlotId) {
        if self.slots[id as usize].state == State::Hashed {
            self.leave_bucket(id);
            self.slots[id as usize].state = State::Detached;
        }
    }

    /// Hangs a slot elsewhere (or back), under a name that is free there. Roots stay where they are.
    pub fn attach(&mut self, id: SlotId, parent: SlotId, hash: u32, name: Name) {
        self.detach(id);
        if self.slots[id as usize].state != State::Detached {
            return;
        }
        self.leave_parent(id);
        let slot = &mut self.slots[id as usize];
        slot.parent = parent;
        slot.hash = hash;
        slot.name = name;
        self.adopt(parent, id);
        self.enter(id);
    }

    /// Gives a slot without children back and returns its value and its parent.
    pub fn free(&mut self, id: SlotId) -> (Option<V>, Option<SlotId>) {
        debug_assert!(!self.has_children(id));
        self.detach(id);
        let parent = self.parent(id);
        self.leave_parent(id);
        let next = self.free;
        let slot = &mut self.slots[id as usize];
        slot.state = State::Free;
        slot.parent = NONE;
        slot.next = next;
        slot.name = Name::empty();
        self.free = id;
        self.live -= 1;
        (self.slots[id as usize].value.take(), parent)
    }

    /// Frees one hashed slot without children that was not used lately and whose value (if any) `idle` lets go.
    /// `None` if there is no such slot.
    pub fn evict(&mut self, mut idle: impl FnMut(&V) -> bool) -> Option<Evicted<V>> {
        // Two rounds: the first may do nothing but clear marks.
        for _ in 0..self.slots.len() * 2 {
            self.hand = if self.hand + 1 >= self.slots.len() { 0 } else { self.hand + 1 };
            let slot = &self.slots[self.hand];
            if slot.state != State::Hashed || slot.first_child != NONE {
                continue;
            }
            if slot.used.swap(false, Ordering::Relaxed) {
                continue;
            }
            if slot.value.as_ref().is_none_or(&mut idle) {
                let (value, parent) = self.free(self.hand as SlotId);
                return Some(Evicted { value, parent });
            }
        }
        None
    }

    fn take_free(&mut self) -> Option<SlotId> {
        if self.free == NONE {
            self.grow()?;
        }
        let id = self.free;
        self.free = self.slots[id as usize].next;
        self.live += 1;
        Some(id)
    }

    /// Moves into memory that ends behind the last slot in use, if there is any to move into. Free slots are used
    /// lowest first from here on.
    pub fn shrink(&mut self) {
        let used = self.slots.iter().rposition(|slot| slot.state != State::Free).map_or(0, |last| last + 1);
        let wanted = used.next_power_of_two().max(LEAST);
        if wanted <= self.slots.len() {
            let (mut slots, mut buckets) = (Vec::new(), Vec::new());
            if slots.try_reserve_exact(wanted).is_err() || buckets.try_reserve_exact(wanted * 2).is_err() {
                return;
            }
            self.slots.truncate(wanted);
            slots.append(&mut self.slots);
            buckets.resize(wanted * 2, NONE);
            (self.slots, self.buckets) = (slots, buckets);
            self.fill_buckets();
        }
        self.free = NONE;
        self.free_from(0);
    }

    /// Enters all hashed slots in the buckets, which are empty.
    fn fill_buckets(&mut self) {
        for id in 0..self.slots.len() {
            if self.slots[id].state == State::Hashed {
                self.enter_bucket(id as SlotId);
            }
        }
    }

    /// Enters the free slots from `first` on in the list of free ones, the lowest at its top.
    fn free_from(&mut self, first: usize) {
        for id in (first..self.slots.len()).rev() {
            if self.slots[id].state == State::Free {
                self.slots[id].next = self.free;
                self.free = id as SlotId;
            }
        }
    }

    fn grow(&mut self) -> Option<()> {
        let old = self.slots.len();
        let new = (old * 2).max(LEAST);
        if new >= NONE as usize {
            return None;
        }
        let mut buckets = Vec::new();
        buckets.try_reserve_exact(new * 2).ok()?;
        buckets.resize(new * 2, NONE);
        self.slots.try_reserve_exact(new - old).ok()?;
        for _ in old..new {
            self.slots.push(Slot {
                state: State::Free,
                hash: 0,
                parent: NONE,
                next: NONE,
                first_child: NONE,
                next_sibling: NONE,
                previous_sibling: NONE,
                used: AtomicBool::new(false),
                name: Name::empty(),
                value: None,
            });
        }
        self.free_from(old);
        self.buckets = buckets;
        self.fill_buckets();
        Some(())
    }

    fn fill(&mut self, id: SlotId, state: State, parent: SlotId, hash: u32, name: Name, value: Option<V>) {
        let slot = &mut self.slots[id as usize];
        slot.state = state;
        slot.parent = parent;
        slot.hash = hash;
        slot.first_child = NONE;
        slot.next_sibling = NONE;
        slot.previous_sibling = NONE;
        slot.name = name;
        slot.value = value;
        // New slots get their round of grace as if they had been looked up.
        slot.used.store(true, Ordering::Relaxed);
    }

    fn enter(&mut self, id: SlotId) {
        self.slots[id as usize].state = State::Hashed;
        self.enter_bucket(id);
    }

    fn enter_bucket(&mut self, id: SlotId) {
        let slot = &self.slots[id as usize];
        let bucket = self.bucket(slot.parent, slot.hash);
        self.slots[id as usize].next = self.buckets[bucket];
        self.buckets[bucket] = id;
    }

    fn leave_bucket(&mut self, id: SlotId) {
        let slot = &self.slots[id as usize];
        let (next, bucket) = (slot.next, self.bucket(slot.parent, slot.hash));
        if self.buckets[bucket] == id {
            self.buckets[bucket] = next;
            return;
        }
        let mut before = self.buckets[bucket];
        while self.slots[before as usize].next != id {
            before = self.slots[before as usize].next;
        }
        self.slots[before as usize].next = next;
    }

    fn adopt(&mut self, parent: SlotId, id: SlotId) {
        let first = core::mem::replace(&mut self.slots[parent as usize].first_child, id);
        let slot = &mut self.slots[id as usize];
        slot.next_sibling = first;
        slot.previous_sibling = NONE;
        if first != NONE {
            self.slots[first as usize].previous_sibling = id;
        }
    }

    fn leave_parent(&mut self, id: SlotId) {
        let slot = &self.slots[id as usize];
        let (parent, next, previous) = (slot.parent, slot.next_sibling, slot.previous_sibling);
        if next != NONE {
            self.slots[next as usize].previous_sibling = previous;
        }
        if previous != NONE {
            self.slots[previous as usize].next_sibling = next;
        } else if parent != NONE {
            self.slots[parent as usize].first_child = next;
        }
    }
}
