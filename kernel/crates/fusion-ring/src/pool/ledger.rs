//! Who holds which block.

use super::{Class, Entry, Head, Layout, PoolError, Side, Table, MOST_HOLDS};
use crate::sync::Ordering;

/// Failed attempts on the table after which it counts as scribbled on.
const ATTEMPTS: usize = 1 << 10;

/// The table of a pool with its layout, which says what in it can be true.
#[derive(Debug)]
pub struct Ledger<T> {
    table: T,
    layout: Layout,
}

impl<T: Table> Ledger<T> {
    /// Over this table.
    ///
    /// # Safety
    ///
    /// `table` has an entry for every block of `layout`.
    pub const unsafe fn new(table: T, layout: Layout) -> Self {
        Self { table, layout }
    }

    /// What blocks there are.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn entry(&self, index: u32) -> Option<&Entry> {
        // SAFETY: the index is below the number of blocks, of which `new` was promised as many entries.
        (index < self.layout.blocks).then(|| unsafe { self.table.entry(index) })
    }

    /// Takes a block off its class's list, or one that was never used.
    pub(super) fn pop(&self, number: usize, first: u32, class: Class) -> Result<Option<u32>, PoolError> {
        let head = &self.table.heads()[number].0;
        let mut free = head.free.load(Ordering::Acquire);
        for _ in 0..ATTEMPTS {
            let Some(index) = (free as u32).checked_sub(1) else {
                return Ok(self.fresh(head, first, class));
            };
            if index.checked_sub(first).is_none_or(|inside| inside >= class.count) {
                return Err(PoolError::Corrupt);
            }
            let next = self.entry(index).ok_or(PoolError::Corrupt)?.next.load(Ordering::Relaxed);
            let changed = (free >> 32).wrapping_add(1) << 32 | u64::from(next);
            match head.free.compare_exchange_weak(free, changed, Ordering::Acquire, Ordering::Acquire) {
                Ok(_) => return Ok(Some(index)),
                Err(now) => free = now,
            }
        }
        Err(PoolError::Corrupt)
    }

    #[cold]
    fn fresh(&self, head: &Head, first: u32, class: Class) -> Option<u32> {
        let mut fresh = head.fresh.load(Ordering::Relaxed);
        for _ in 0..ATTEMPTS {
            if fresh >= class.count {
                return None;
            }
            match head.fresh.compare_exchange_weak(fresh, fresh + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(first + fresh),
                Err(now) => fresh = now,
            }
        }
        None
    }

    /// Puts a block that nobody holds on its class's list, with so many failures at most. False if they are used up,
    /// because somebody scribbles there all the time: the block is lost then.
    fn push(&self, number: usize, index: u32, entry: &Entry, failures: &mut usize) -> bool {
        entry.generation.fetch_add(1, Ordering::Relaxed);
        let head = &self.table.heads()[number].0;
        let mut free = head.free.load(Ordering::Relaxed);
        while *failures > 0 {
            entry.next.store(free as u32, Ordering::Relaxed);
            let changed = (free >> 32).wrapping_add(1) << 32 | u64::from(index + 1);
            match head.free.compare_exchange_weak(free, changed, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => free = now,
            }
            *failures -= 1;
        }
        false
    }

    /// Moves one hold of a block; returns who holds it then. `None` for either side is nobody.
    pub(super) fn shift(
        &self,
        entry: &Entry,
        from: Option<Side>,
        to: Option<Side>,
    ) -> Result<u64, PoolError> {
        let mut holders = entry.holders.load(Ordering::Relaxed);
        for _ in 0..ATTEMPTS {
            if from.is_some_and(|side| side.held(holders) == 0) {
                return Err(PoolError::Corrupt);
            }
            if to.is_some_and(|side| side.held(holders) == MOST_HOLDS) {
                return Err(PoolError::TooManyHolds);
            }
            let less = from.map_or(0, Side::one);
            let changed = holders - less + to.map_or(0, Side::one);
            // What a holder did to the block is before what the last one does, who frees it.
            match entry.holders.compare_exchange_weak(holders, changed, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Ok(changed),
                Err(now) => holders = now,
            }
        }
        Err(PoolError::Corrupt)
    }

    pub(super) fn drop_hold(&self, index: u32, side: Side) {
        let (Some(entry), Some((number, ..))) = (self.entry(index), self.layout.block(index)) else { return };
        if self.shift(entry, Some(side), None) == Ok(0) {
            self.push(number, index, entry, &mut { ATTEMPTS });
        }
    }

    /// Drops all that a side held which is no more; returns how many blocks that freed. It takes the time of a look at
    /// each block, and of a bounded number of failures for all of them together, whatever somebody does to the table
    /// meanwhile: after these no block is put back any more.
    pub fn reclaim(&self, side: Side) -> usize {
        let mut freed = 0;
        let mut failures = ATTEMPTS;
        for (number, first, _, class) in self.layout.runs() {
            for index in first..first + class.count {
                let Some(entry) = self.entry(index) else { break };
                if side.held(entry.holders.load(Ordering::Relaxed)) == 0 {
                    continue;
                }
                // As in `shift`: what other holders did to the block comes before its next life.
                let before = entry.holders.fetch_and(!side.mask(), Ordering::AcqRel);
                let last = side.held(before) != 0 && before & !side.mask() == 0;
                if last && self.push(number, index, entry, &mut failures) {
                    freed += 1;
                }
            }
        }
        freed
    }

    /// Blocks that somebody holds.
    pub fn in_use(&self) -> usize {
        (0..self.layout.blocks)
            .filter_map(|index| self.entry(index))
            .filter(|entry| entry.holders.load(Ordering::Relaxed) != 0)
            .count()
    }
}
