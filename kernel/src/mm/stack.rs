//! Kernel stacks.
//!
//! Each lies in its own slot of the kernel's run-time mappings with an unmapped page below, so that an overflow
//! faults at once instead of spoiling a neighbour.

use super::{Frame, PAGE_SIZE};
use crate::arch::{x86_64::paging, KERNEL_VIRT};
use crate::sync::{Rank, SpinLock};
use crate::{Kind, Result};

/// Pages of a stack. Code that is not optimised needs more of them.
pub const STACK_PAGES: usize = if cfg!(debug_assertions) { 16 } else { 4 };
/// Pages from one stack to the next: the stack and its guard, in a power of two.
const SLOT_PAGES: usize = 2 * STACK_PAGES;
/// Stacks that can exist.
const SLOTS: usize = 1 << 16;

/// Which slots are in use. The lowest free one is taken, so that the stacks need few page tables.
struct Slots {
    /// A bit for each slot in use.
    used: [u64; SLOTS / 64],
    /// The words below have no slot free.
    full: usize,
}

static SLOTS_IN_USE: SpinLock<Slots> =
    SpinLock::with_rank(Rank::Leaf, Slots { used: [0; SLOTS / 64], full: 0 });

impl Slots {
    fn take(&mut self) -> Option<u32> {
        while self.full < self.used.len() {
            let word = &mut self.used[self.full];
            let bit = word.trailing_ones();
            if bit < 64 {
                *word |= 1 << bit;
                return Some(self.full as u32 * 64 + bit);
            }
            self.full += 1;
        }
        None
    }

    fn give(&mut self, slot: u32) {
        let word = slot as usize / 64;
        self.used[word] &= !(1 << (slot % 64));
        self.full = self.full.min(word);
    }
}

/// A mapped kernel stack with a guard page below.
#[derive(Debug)]
pub struct KernelStack {
    slot: u32,
}

impl KernelStack {
    /// A stack; its contents are undefined. [`Kind::NoMemory`] if there is none.
    pub fn new() -> Result<Self> {
        if super::frame::is_scarce() {
            return Err(Kind::NoMemory.into());
        }
        let slot = SLOTS_IN_USE.lock().take().ok_or(Kind::NoMemory)?;
        let stack = Self { slot };
        for page in 0..STACK_PAGES {
            let address = stack.bottom() + page * PAGE_SIZE;
            let mapped = Frame::alloc().and_then(|frame| paging::map_kernel_page(address, frame));
            if let Err(error) = mapped {
                // Dropping the stack unmaps what was mapped.
                drop(stack);
                return Err(error);
            }
        }
        Ok(stack)
    }

    /// The lowest address.
    #[inline]
    pub fn bottom(&self) -> usize {
        KERNEL_VIRT + (self.slot as usize * SLOT_PAGES + SLOT_PAGES - STACK_PAGES) * PAGE_SIZE
    }

    /// The end, where an empty stack's pointer is.
    #[inline]
    pub fn top(&self) -> usize {
        self.bottom() + STACK_PAGES * PAGE_SIZE
    }
}

impl Drop for KernelStack {
    fn drop(&mut self) {
        paging::unmap_kernel_pages(self.bottom(), STACK_PAGES);
        SLOTS_IN_USE.lock().give(self.slot);
    }
}
