//! Single frames that a CPU keeps for itself.

use crate::{Table, Zones};

/// Up to `N` free frames, the one that came last on top. Its first word is how many they are, for those who only
/// take a look.
#[derive(Debug)]
#[repr(C)]
pub struct FrameCache<const N: usize> {
    count: u32,
    /// From so many frames on [`Self::push`] refuses.
    limit: u32,
    frames: [u32; N],
}

impl<const N: usize> Default for FrameCache<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> FrameCache<N> {
    /// One that keeps nothing yet.
    pub const fn new() -> Self {
        Self { count: 0, limit: N as u32, frames: [0; N] }
    }

    /// From now on [`Self::push`] refuses every frame, so that its owner looks at each ([`Self::keep`]).
    pub fn refuse_all(&mut self) {
        self.limit = 0;
    }

    /// How many frames it keeps.
    #[inline]
    pub const fn len(&self) -> usize {
        self.count as usize
    }

    /// Does it keep none?
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A frame.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<u32> {
        if self.count == 0 {
            return None;
        }
        self.count -= 1;
        Some(self.frames[self.count as usize % N])
    }

    /// Keeps a frame; false if it was not taken.
    #[inline(always)]
    pub fn push(&mut self, frame: u32) -> bool {
        if self.count >= self.limit {
            return false;
        }
        self.frames[self.count as usize % N] = frame;
        self.count += 1;
        true
    }

    /// Keeps a frame, whatever the limit, for which `batch` others go back if there is no room.
    pub fn keep(&mut self, frame: u32, batch: usize, zones: &mut Zones, table: &mut impl Table) {
        if self.count as usize == N {
            self.spill(batch, zones, table);
        }
        self.frames[self.count as usize % N] = frame;
        self.count += 1;
    }

    /// Takes up to `count` frames from the zones, those of `node` first.
    pub fn refill(&mut self, count: usize, node: usize, zones: &mut Zones, table: &mut impl Table) {
        for _ in 0..count.min(N - self.len()) {
            let Some(frame) = zones.alloc(table, 0, node) else { break };
            self.frames[self.count as usize] = frame;
            self.count += 1;
        }
    }

    /// Gives up to `count` frames back.
    pub fn spill(&mut self, count: usize, zones: &mut Zones, table: &mut impl Table) {
        for _ in 0..count {
            let Some(frame) = self.pop() else { break };
            zones.free(table, frame, 0);
        }
    }
}
