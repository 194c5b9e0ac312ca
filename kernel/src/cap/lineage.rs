//! Which capability is derived from which.
//!
//! Revoking what is below a place is a note at that place, however much there is: every place has a number, numbers
//! only grow, and what is below and has a number from before the note is revoked. Whether a capability was revoked is
//! found by going up from its place, which is never far ([`MAX_DEPTH`]).

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use spin::Once;

use super::Rights;
use crate::sched::{self, Thread};
use crate::sync::{PollTable, SpinLock, WaitQueue};
use crate::{Kind, Result};

/// Derived from an original capability at most so many times over.
const MAX_DEPTH: u16 = 64;

/// So many places in one tree, at most.
const MAX_PLACES: usize = 1 << 16;

/// So many trees of what was found through others are looked at before others have the lock.
const LOOKED_AT: usize = 256;

/// The index of the place of originals.
pub(super) const ORIGINAL: u32 = 0;

/// No free slot.
const NONE: u32 = u32::MAX;

static LAST_NUMBER: AtomicU64 = AtomicU64::new(0);

fn next_number() -> u64 {
    LAST_NUMBER.fetch_add(1, Ordering::Relaxed) + 1
}

/// The capabilities derived from the original ones to one open file: places that copies of a capability share.
pub(crate) struct Tree {
    inner: SpinLock<Inner>,
    /// Woken when anything is revoked, for those who poll.
    polls: WaitQueue,
    /// The place through which the object was found.
    above: Once<Place>,
}

struct Inner {
    /// The first is that of originals.
    slots: Vec<Slot>,
    /// How deep originals stand: below what the object was found through.
    depth: u16,
    /// The first free slot, whose `parent` is the next one.
    free: u32,
    /// Calls under way through derived capabilities.
    calls: Vec<Call>,
    /// Trees of what was found through derived capabilities: revoked with them.
    found: Vec<(u32, Weak<Tree>)>,
}

struct Slot {
    number: u64,
    badge: u64,
    allowed: Rights,
    /// Was it revoked as the place that was named, and with it all below?
    revoked: bool,
    /// All that is below and has a lower number was revoked.
    ended: u64,
    /// Capabilities here, and places below.
    count: u32,
    parent: u32,
    depth: u16,
}

/// What is known of a place in the tree of derived capabilities.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlaceInfo {
    /// Unlike that of any other place, ever.
    pub number: u64,
    /// The number of the place above.
    pub parent: u64,
    /// What whoever derived it wrote on it.
    pub badge: u64,
    /// What was allowed to all that is here, whatever the object.
    pub allowed: Rights,
    /// Was it revoked?
    pub revoked: bool,
}

struct Call {
    place: u32,
    thread: Arc<Thread>,
}

impl Inner {
    fn slot(&mut self, place: u32) -> &mut Slot {
        &mut self.slots[place as usize]
    }

    /// Was `place` revoked, or anything above it with what was below then?
    fn is_revoked(&self, place: u32) -> bool {
        let own = &self.slots[place as usize];
        let mut slot = own;
        while !slot.revoked {
            let Some(above) = self.slots.get(slot.parent as usize) else { return false };
            slot = above;
            if own.number < slot.ended {
                return true;
            }
        }
        true
    }

    fn info(&self, place: u32) -> PlaceInfo {
        let slot = &self.slots[place as usize];
        let parent = self.slots.get(slot.parent as usize).map_or(0, |above| above.number);
        let (number, badge, allowed) = (slot.number, slot.badge, slot.allowed);
        PlaceInfo { number, parent, badge, allowed, revoked: self.is_revoked(place) }
    }

    /// Is `place` below `other`, or `other` itself?
    fn is_within(&self, mut place: u32, other: u32) -> bool {
        while place != other {
            if place == ORIGINAL {
                return false;
            }
            place = self.slots[place as usize].parent;
        }
        true
    }

    /// One capability or place less here; what nobody needs any more is free.
    fn release(&mut self, mut place: u32) {
        while place != ORIGINAL {
            let free = self.free;
            let slot = self.slot(place);
            slot.count -= 1;
            if slot.count != 0 {
                return;
            }
            let above = core::mem::replace(&mut slot.parent, free);
            self.free = place;
            place = above;
        }
    }
}

impl Tree {
    /// Nothing is derived yet.
    pub fn new() -> Arc<Self> {
        let inner = Inner { slots: Vec::new(), depth: 0, free: NONE, calls: Vec::new(), found: Vec::new() };
        Arc::new(Self { inner: SpinLock::new(inner), polls: WaitQueue::new(), above: Once::new() })
    }

    /// A new place below `parent`, for one capability. [`Kind::TooManyLinks`] if that is too deep already.
    pub fn add(&self, parent: u32, rights: Rights, badge: u64) -> Result<u32> {
        let mut inner = self.inner.lock();
        inner.slots.try_reserve(2).map_err(|_| Kind::NoMemory)?;
        let new = |badge, allowed, count, parent, depth| {
            let number = next_number();
            Slot { number, badge, allowed, revoked: false, ended: 0, count, parent, depth }
        };
        if inner.slots.is_empty() {
            let depth = inner.depth;
            inner.slots.push(new(0, Rights::ALL, 0, NONE, depth));
        }
        let full = inner.free == NONE && inner.slots.len() >= MAX_PLACES;
        if inner.is_revoked(parent) {
            return Err(Kind::Revoked.into());
        }
        let above = inner.slot(parent);
        if above.depth >= MAX_DEPTH || full {
            return Err(Kind::TooManyLinks.into());
        }
        above.count += 1;
        let slot = new(badge, above.allowed & rights, 1, parent, above.depth + 1);
        let place = inner.free;
        if place == NONE {
            inner.slots.push(slot);
            return Ok(inner.slots.len() as u32 - 1);
        }
        inner.free = core::mem::replace(inner.slot(place), slot).parent;
        Ok(place)
    }

    /// One capability more in this place.
    pub fn retain(&self, place: u32) {
        self.inner.lock().slot(place).count += 1;
    }

    /// One capability less in this place.
    pub fn release(&self, place: u32) {
        self.inner.lock().release(place);
    }

    /// What is known of a place.
    pub fn info(&self, place: u32) -> PlaceInfo {
        self.inner.lock().info(place)
    }

    /// Is `place` below `other`, or `other` itself?
    pub fn is_within(&self, place: u32, other: u32) -> bool {
        self.inner.lock().is_within(place, other)
    }

    /// The object of this tree, from which nothing is derived yet, was found through `above`: all that will be is
    /// revoked with that. [`Kind::Revoked`] if it is too late, [`Kind::TooManyLinks`] if that is too deep already.
    pub fn follow(self: &Arc<Self>, above: Place) -> Result<()> {
        let mut inner = above.tree.inner.lock();
        if inner.is_revoked(above.index) {
            return Err(Kind::Revoked.into());
        }
        // A chain of places is no longer over several trees than in one: it is followed when it ends.
        let depth = inner.slot(above.index).depth + 1;
        if depth >= MAX_DEPTH {
            return Err(Kind::TooManyLinks.into());
        }
        if inner.found.len() == inner.found.capacity() {
            inner.found.retain(|(_, tree)| tree.strong_count() != 0);
        }
        inner.found.try_reserve(1).map_err(|_| Kind::NoMemory)?;
        inner.found.push((above.index, Arc::downgrade(self)));
        drop(inner);
        self.inner.lock().depth = depth;
        self.above.call_once(|| above);
        Ok(())
    }

    /// Ends all that is below `place`, and with `itself` that, too; and the waiting of those who use it.
    pub fn revoke(&self, place: u32, itself: bool) {
        self.revoke_here(place, itself);
        // What was found through what is revoked now, one after the other: each may have trees of its own. What comes
        // to be found meanwhile stands behind what was there, and not through anything revoked.
        let mut left = self.inner.lock().found.len();
        while left > 0 {
            if let Some(found) = self.next_found(&mut left) {
                found.revoke(ORIGINAL, false);
            }
        }
    }

    /// Takes a tree out of the list of those that were found through what is revoked: of the first `left` the last
    /// one, if there is any among a number of them.
    fn next_found(&self, left: &mut usize) -> Option<Arc<Self>> {
        let mut inner = self.inner.lock();
        for _ in 0..LOOKED_AT {
            *left = inner.found.len().min(*left).checked_sub(1)?;
            if inner.is_revoked(inner.found[*left].0) {
                // In its place comes one that was looked at, or is new.
                let (_, tree) = inner.found.swap_remove(*left);
                if let Some(tree) = tree.upgrade() {
                    return Some(tree);
                }
            }
        }
        None
    }

    fn revoke_here(&self, place: u32, itself: bool) {
        let mut inner = self.inner.lock();
        // Without any slots nothing was ever derived.
        let Some(slot) = inner.slots.get_mut(place as usize) else { return };
        slot.revoked |= itself;
        // Places that are being made have the lock: their numbers are lower, or they are made later.
        slot.ended = next_number();
        for call in &inner.calls {
            if inner.is_revoked(call.place) {
                call.thread.request_attention();
            }
        }
        drop(inner);
        self.polls.wake_all();
    }

    /// Notes that the current thread makes a call through a capability. [`Kind::Revoked`]
    pub fn begin_call(&self, place: u32) -> Result<()> {
        let thread = sched::current().to_arc();
        let mut inner = self.inner.lock();
        if inner.is_revoked(place) {
            return Err(Kind::Revoked.into());
        }
        inner.calls.try_reserve(1).map_err(|_| Kind::NoMemory)?;
        inner.calls.push(Call { place, thread });
        Ok(())
    }

    /// The call is over.
    pub fn end_call(&self, place: u32) {
        let current = sched::current();
        let mut inner = self.inner.lock();
        let own = |call: &Call| call.place == place && core::ptr::eq(&*call.thread, current);
        let found = inner.calls.iter().position(own);
        let ended = found.map(|index| inner.calls.swap_remove(index));
        drop(inner);
        drop(ended);
    }

    /// Has `table` told when something is revoked.
    pub fn watch(&self, table: &mut PollTable) {
        table.register(&self.polls);
    }
}

/// A derived capability's place, held without holding the object.
pub struct Place {
    tree: Arc<Tree>,
    index: u32,
}

impl Place {
    /// The place of a capability.
    pub(super) fn new(tree: &Arc<Tree>, index: u32) -> Self {
        tree.retain(index);
        Self { tree: tree.clone(), index }
    }

    /// Was it revoked?
    pub fn is_revoked(&self) -> bool {
        self.tree.inner.lock().is_revoked(self.index)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.tree.release(self.index);
    }
}
