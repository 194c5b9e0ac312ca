//! A buddy allocator of page frames.
//!
//! Blocks of 2^order frames, aligned to their size, are kept in one list per order. The allocator owns no memory
//! for that: the lists run through a [`Table`] of one word per frame that the caller provides. The word of a
//! frame that is not the head of a free block belongs to the caller, who keeps the top bit clear.
//!
//! [`Zones`] has an allocator for each node of a machine, [`FrameCache`] the frames that a CPU keeps for itself.
#![no_std]
#![forbid(unsafe_code)]

mod cache;
mod zones;

pub use cache::FrameCache;
pub use zones::{NodeMap, Span, Zones, NODES, SPANS};

/// Blocks have up to 2^MAX_ORDER frames.
pub const MAX_ORDER: u32 = 11;
const ORDERS: usize = MAX_ORDER as usize + 1;

/// One word per frame, by frame number.
pub trait Table {
    /// The frame's word.
    fn get(&self, frame: u32) -> u64;
    /// Changes it.
    fn set(&mut self, frame: u32, word: u64);
}

/// Marks the head of a free block. The caller's words have it clear.
pub const FREE: u64 = 1 << 63;
const ORDER_SHIFT: u32 = 58;
const LINK_BITS: u32 = 29;
const NONE: u32 = (1 << LINK_BITS) - 1;

/// The word of a free block's head: its order and its neighbours in the list.
#[derive(Clone, Copy)]
struct Head {
    order: u32,
    prev: u32,
    next: u32,
}

impl Head {
    fn pack(self) -> u64 {
        FREE | u64::from(self.order) << ORDER_SHIFT | u64::from(self.prev) << LINK_BITS | u64::from(self.next)
    }

    fn unpack(word: u64) -> Option<Self> {
        (word & FREE != 0).then_some(Self {
            order: (word >> ORDER_SHIFT) as u32 & 0x1f,
            prev: (word >> LINK_BITS) as u32 & NONE,
            next: word as u32 & NONE,
        })
    }
}

/// The allocator. All calls get the same table.
#[derive(Debug)]
pub struct Buddy {
    heads: [u32; ORDERS],
    /// Bit n: the list of order n is not empty.
    filled: u32,
    free: usize,
    frames: u32,
}

impl Buddy {
    /// An allocator for frames below `frames`, none of which is free yet.
    ///
    /// # Panics
    /// If there are more than 2^29 − 1 of them.
    pub const fn new(frames: u32) -> Self {
        assert!(frames <= NONE);
        Self { heads: [NONE; ORDERS], filled: 0, free: 0, frames }
    }

    /// Frames in free blocks.
    #[inline]
    pub const fn free_frames(&self) -> usize {
        self.free
    }

    /// Free blocks of each order.
    pub fn blocks(&self, table: &impl Table) -> [usize; ORDERS] {
        let mut counts = [0; ORDERS];
        for (order, count) in counts.iter_mut().enumerate() {
            let mut frame = self.heads[order];
            while let Some(head) = (frame != NONE).then(|| Head::unpack(table.get(frame))).flatten() {
                *count += 1;
                frame = head.next;
            }
        }
        counts
    }

    /// Takes a block of 2^order frames. The words of its frames are as their last owner left them, the first's 0.
    pub fn alloc(&mut self, table: &mut impl Table, order: u32) -> Option<u32> {
        if order > MAX_ORDER {
            return None;
        }
        let fitting = self.filled >> order;
        if fitting == 0 {
            return None;
        }
        let mut found = order + fitting.trailing_zeros();
        let frame = self.heads[found as usize];
        self.unlink(table, frame);
        table.set(frame, 0);
        while found > order {
            found -= 1;
            self.push(table, frame + (1 << found), found);
        }
        self.free -= 1 << order;
        Some(frame)
    }

    /// Gives a block back; free neighbours join it.
    ///
    /// # Panics
    /// In debug builds, if the block is not aligned to its size or is free already.
    pub fn free(&mut self, table: &mut impl Table, frame: u32, order: u32) {
        debug_assert!(
            order <= MAX_ORDER && frame.trailing_zeros() >= order && frame + (1 << order) <= self.frames
        );
        debug_assert!(table.get(frame) & FREE == 0, "block freed twice");
        self.free += 1 << order;
        let (mut frame, mut order) = (frame, order);
        while order < MAX_ORDER {
            let other = frame ^ (1 << order);
            if other + (1 << order) > self.frames {
                break;
            }
            match Head::unpack(table.get(other)) {
                Some(head) if head.order == order => self.unlink(table, other),
                _ => break,
            }
            table.set(other, 0);
            table.set(frame, 0);
            frame = frame.min(other);
            order += 1;
        }
        self.push(table, frame, order);
    }

    /// Gives the frames from `start` up to `end` back, as blocks as large as their alignment allows.
    pub fn free_range(&mut self, table: &mut impl Table, start: u32, end: u32) {
        let mut frame = start;
        while frame < end {
            let aligned = if frame == 0 { MAX_ORDER } else { frame.trailing_zeros() };
            let order = aligned.min((end - frame).ilog2()).min(MAX_ORDER);
            self.free(table, frame, order);
            frame += 1 << order;
        }
    }

    fn push(&mut self, table: &mut impl Table, frame: u32, order: u32) {
        let next = core::mem::replace(&mut self.heads[order as usize], frame);
        table.set(frame, Head { order, prev: NONE, next }.pack());
        if let Some(head) = (next != NONE).then(|| Head::unpack(table.get(next))).flatten() {
            table.set(next, Head { prev: frame, ..head }.pack());
        }
        self.filled |= 1 << order;
    }

    fn unlink(&mut self, table: &mut impl Table, frame: u32) {
        let Some(head) = Head::unpack(table.get(frame)) else { return };
        if head.prev == NONE {
            self.heads[head.order as usize] = head.next;
            if head.next == NONE {
                self.filled &= !(1 << head.order);
            }
        } else if let Some(prev) = Head::unpack(table.get(head.prev)) {
            table.set(head.prev, Head { next: head.next, ..prev }.pack());
        }
        if let Some(next) = (head.next != NONE).then(|| Head::unpack(table.get(head.next))).flatten() {
            table.set(head.next, Head { prev: head.prev, ..next }.pack());
        }
    }
}
