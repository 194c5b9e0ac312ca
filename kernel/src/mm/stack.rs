//! Kernel stacks.
//!
//! Each lies in its own slot of the kernel's run-time mappings with an unmapped page below, so that an overflow
//! faults at once instead of spoiling a neighbour.

use alloc::vec::Vec;

use super::{Frame, PAGE_SIZE};
use crate::arch::{x86_64::paging, KERNEL_VIRT};
use crate::sync::SpinLock;
use crate::{Kind, Result};

/// Pages of a stack.
pub const STACK_PAGES: usize = 4;
/// Pages from one stack to the next: the stack and its guard, in a power of two.
const SLOT_PAGES: usize = 8;
/// Stacks that can exist.
const SLOTS: usize = 1 << 16;

struct Slots {
    /// Slots below were given out at some time.
    fresh: usize,
    /// Slots that were given back.
    free: Vec<u32>,
}

static SLOTS_IN_USE: SpinLock<Slots> = SpinLock::new(Slots { fresh: 0, free: Vec::new() });

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
        let mut slots = SLOTS_IN_USE.lock();
        let slot = match slots.free.pop() {
            Some(slot) => slot,
            None if slots.fresh < SLOTS => {
                // Room to free it into is there before it is given out.
                let needed = slots.fresh + 1;
                let have = slots.free.len();
                slots.free.try_reserve(needed - have).map_err(|_| Kind::NoMemory)?;
                slots.fresh += 1;
                slots.fresh as u32 - 1
            }
            None => return Err(Kind::NoMemory.into()),
        };
        drop(slots);
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
        SLOTS_IN_USE.lock().free.push(self.slot);
    }
}
