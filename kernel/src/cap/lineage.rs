//! Which capability is derived from which.

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

/// So many places in one tree, at most: each is looked at when something is revoked.
const MAX_PLACES: usize = 1 << 16;

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
    info: PlaceInfo,
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
        if inner.slots.is_empty() {
            let info = PlaceInfo {
                number: next_number(),
                parent: 0,
                badge: 0,
                allowed: Rights::ALL,
                revoked: false,
            };
            let depth = inner.depth;
            inner.slots.push(Slot { info, count: 0, parent: NONE, depth });
        }
        let full = inner.free == NONE && inner.slots.len() >= MAX_PLACES;
        let above = inner.slot(parent);
        if above.info.revoked {
            return Err(Kind::Revoked.into());
        }
        if above.depth >= MAX_DEPTH || full {
            return Err(Kind::TooManyLinks.into());
        }
        above.count += 1;
        let info = PlaceInfo {
            number: next_number(),
            parent: above.info.number,
            badge,
            allowed: above.info.allowed & rights,
            revoked: false,
        };
        let slot = Slot { info, count: 1, parent, depth: above.depth + 1 };
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
        self.inner.lock().slot(place).info
    }

    /// Is `place` below `other`, or `other` itself?
    pub fn is_within(&self, place: u32, other: u32) -> bool {
        self.inner.lock().is_within(place, other)
    }

    /// The object of this tree, from which nothing is derived yet, was found through `above`: all that will be is
    /// revoked with that. [`Kind::Revoked`] if it is too late, [`Kind::TooManyLinks`] if that is too deep already.
    pub fn follow(self: &Arc<Self>, above: Place) -> Result<()> {
        let mut inner = above.tree.inner.lock();
        let slot = inner.slot(above.index);
        if slot.info.revoked {
            return Err(Kind::Revoked.into());
        }
        // A chain of places is no longer over several trees than in one: it is followed when it ends.
        let depth = slot.depth + 1;
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
        // What was found through what is revoked now, one after the other: each may have trees of its own.
        while let Some(found) = self.next_found() {
            found.revoke(ORIGINAL, false);
        }
    }

    /// Takes a tree out of the list of those that were found through what is revoked.
    fn next_found(&self) -> Option<Arc<Self>> {
        let mut inner = self.inner.lock();
        loop {
            let slots = &inner.slots;
            let revoked = |(place, _): &(u32, Weak<Self>)| slots[*place as usize].info.revoked;
            let index = inner.found.iter().position(revoked)?;
            let (_, tree) = inner.found.swap_remove(index);
            if let Some(tree) = tree.upgrade() {
                return Some(tree);
            }
        }
    }

    fn revoke_here(&self, place: u32, itself: bool) {
        let mut inner = self.inner.lock();
        for index in 1..inner.slots.len() as u32 {
            let used = inner.slot(index).count != 0;
            if used && (itself || index != place) && inner.is_within(index, place) {
                inner.slot(index).info.revoked = true;
            }
        }
        for call in &inner.calls {
            if inner.slots[call.place as usize].info.revoked {
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
        if inner.slot(place).info.revoked {
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
        self.tree.info(self.index).revoked
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.tree.release(self.index);
    }
}
