//! Unmapped pages and tables on their way to the allocator.
//!
//! A frame may only be used again when no CPU can reach it through a cached translation any more. [`Gather`]
//! collects what was unmapped, makes the CPUs forget, and frees it then, many at a time.

use core::ops::Range;
use core::sync::atomic::{fence, AtomicU64, Ordering};

use arrayvec::ArrayVec;

use crate::arch::x86_64::paging;
use crate::arch::{self, ipi, PAGE_SIZE};
use crate::mm::frame::{self, Frame};

/// Frames that wait at most.
const FRAMES: usize = 128;
/// Page tables that wait at most.
const TABLES: usize = 16;

/// What was unmapped from one space and is still to be freed. Dropping it does that.
pub(super) struct Gather<'a> {
    /// The CPUs that may have translations cached.
    cpus: &'a AtomicU64,
    start: usize,
    end: usize,
    frames: ArrayVec<u32, FRAMES>,
    tables: ArrayVec<Frame, TABLES>,
}

impl<'a> Gather<'a> {
    pub(super) fn new(cpus: &'a AtomicU64) -> Self {
        Self { cpus, start: usize::MAX, end: 0, frames: ArrayVec::new(), tables: ArrayVec::new() }
    }

    /// The entries of this range have changed.
    #[inline]
    pub(super) fn changed(&mut self, range: Range<usize>) {
        self.start = self.start.min(range.start);
        self.end = self.end.max(range.end);
    }

    /// Is there no room for another frame?
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.frames.is_full()
    }

    /// The entry that held this frame was taken out of its table; the reference is dropped later. There is room.
    #[inline]
    pub(super) fn frame(&mut self, number: u32) {
        // A full list only means that the frame is never freed; callers see to it.
        let _ = self.frames.try_push(number);
    }

    /// This page table was taken out.
    #[inline]
    pub(super) fn table(&mut self, table: Frame) {
        if self.start >= self.end {
            // CPUs remember tables too; forgetting any page makes them forget those.
            self.changed(0..PAGE_SIZE);
        }
        if self.tables.is_full() {
            self.finish();
        }
        self.tables.push(table);
    }

    /// Makes the CPUs forget, and frees.
    pub(super) fn finish(&mut self) {
        if self.start < self.end {
            // A CPU says that it loads the space before it does: if it is not seen here, it sees what has changed.
            fence(Ordering::SeqCst);
            let cpus = self.cpus.load(Ordering::SeqCst);
            let own = 1 << arch::cpu_id();
            if cpus & own != 0 {
                paging::flush(self.start, self.end);
            }
            ipi::call_on(cpus & !own, paging::flush, self.start, self.end);
            (self.start, self.end) = (usize::MAX, 0);
        }
        frame::release_all(&self.frames);
        self.frames.clear();
        self.tables.drain(..).for_each(Frame::free_table);
    }
}

impl Drop for Gather<'_> {
    fn drop(&mut self) {
        self.finish();
    }
}
