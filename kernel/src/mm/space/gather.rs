//! Unmapped pages and tables on their way to the allocator.
//!
//! A frame may only be used again when no CPU can reach it through a cached translation any more. [`Gather`]
//! collects what was unmapped, makes the CPUs forget, and frees it then, many at a time.

use core::sync::atomic::{AtomicU64, Ordering};

use arrayvec::ArrayVec;
use spin::Once;

use crate::arch::x86_64::paging;
use crate::arch::{self, PAGE_SIZE};
use crate::mm::frame::{self, Frame};

/// Frames that wait at most.
const FRAMES: usize = 128;
/// Page tables that wait at most.
const TABLES: usize = 16;

/// Makes other CPUs forget a range of a space: their mask, start and end. Returns when they have.
pub type Shootdown = fn(cpus: u64, start: usize, end: usize);

static SHOOTDOWN: Once<Shootdown> = Once::new();

/// Says how other CPUs are told. Needed before a second CPU runs.
pub fn set_shootdown(shootdown: Shootdown) {
    SHOOTDOWN.call_once(|| shootdown);
}

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

    /// The entry of this page has changed.
    #[inline]
    pub(super) fn changed(&mut self, address: usize) {
        self.start = self.start.min(address);
        self.end = self.end.max(address + PAGE_SIZE);
    }

    /// This entry was taken out of its table; its reference is dropped later.
    #[inline]
    pub(super) fn taken(&mut self, address: usize, entry: u64) {
        self.changed(address);
        if entry & paging::SPECIAL == 0 {
            if self.frames.is_full() {
                self.finish();
            }
            self.frames.push(paging::frame_number(entry));
        }
    }

    /// This page table was taken out.
    #[inline]
    pub(super) fn table(&mut self, table: Frame) {
        if self.start >= self.end {
            // CPUs remember tables too; forgetting any page makes them forget those.
            self.changed(0);
        }
        if self.tables.is_full() {
            self.finish();
        }
        self.tables.push(table);
    }

    /// Makes the CPUs forget, and frees.
    pub(super) fn finish(&mut self) {
        if self.start < self.end {
            let cpus = self.cpus.load(Ordering::SeqCst);
            let own = 1 << arch::cpu_id();
            if cpus & own != 0 {
                paging::flush(self.start, self.end);
            }
            if cpus & !own != 0 {
                if let Some(tell) = SHOOTDOWN.get() {
                    tell(cpus & !own, self.start, self.end);
                }
            }
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
