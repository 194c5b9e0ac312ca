//! The lists of free objects that a CPU has for itself.

use core::ptr::{null_mut, NonNull};

use slab::{CLASSES, COUNT};

use crate::{Pages, Slabs};

/// A free object: the first word links to the next one of the list.
struct Free {
    next: *mut Free,
}

#[derive(Clone, Copy)]
struct List {
    head: *mut Free,
    count: usize,
}

impl List {
    const EMPTY: Self = Self { head: null_mut(), count: 0 };

    #[inline(always)]
    fn pop(&mut self) -> Option<NonNull<u8>> {
        let object = NonNull::new(self.head)?;
        // SAFETY: the list holds free objects, which begin with their link.
        self.head = unsafe { object.as_ref().next };
        self.count -= 1;
        Some(object.cast())
    }

    /// # Safety
    /// The object is of the list's class, and nobody uses it any more.
    #[inline(always)]
    unsafe fn push(&mut self, object: NonNull<u8>) {
        let object = object.cast::<Free>();
        // SAFETY: by the caller the object is free; objects have room for a link and are aligned to 16.
        unsafe { object.write(Free { next: self.head }) };
        self.head = object.as_ptr();
        self.count += 1;
    }
}

/// The free objects of each class that a CPU keeps.
#[repr(C, align(64))]
pub struct Cache([List; COUNT]);

// SAFETY: the lists hold memory that nobody else uses.
unsafe impl Send for Cache {}

impl Default for Cache {
    fn default() -> Self {
        Self::new()
    }
}

impl Cache {
    /// One that keeps nothing yet.
    pub const fn new() -> Self {
        Self([List::EMPTY; COUNT])
    }

    /// A free object of the class; `None` if it is time to [`Self::refill`].
    #[inline(always)]
    pub fn take(&mut self, class: usize) -> Option<NonNull<u8>> {
        self.0[class].pop()
    }

    /// Keeps an object. True if these are more than should be kept: then it is time to [`Self::spill`].
    ///
    /// # Safety
    /// The object is of that class, and nobody uses it any more.
    #[inline(always)]
    pub unsafe fn give(&mut self, class: usize, object: NonNull<u8>) -> bool {
        let list = &mut self.0[class];
        // SAFETY: the caller's duty is the same.
        unsafe { list.push(object) };
        list.count > CLASSES[class].cached.into()
    }

    /// Takes objects from the class's slabs: one for the caller, and some to keep.
    #[cold]
    #[inline(never)]
    pub fn refill(&mut self, class: usize, slabs: &mut Slabs, pages: &mut impl Pages) -> Option<NonNull<u8>> {
        let first = slabs.take(pages)?;
        for _ in 1..CLASSES[class].batch() {
            let Some(object) = slabs.take(pages) else { break };
            // SAFETY: the object was just taken, and nobody else has it.
            unsafe { self.0[class].push(object) };
        }
        Some(first)
    }

    /// Returns objects to their slabs until a batch is left, or with `all` none.
    #[cold]
    #[inline(never)]
    pub fn spill(&mut self, class: usize, all: bool, slabs: &mut Slabs, pages: &mut impl Pages) {
        let keep = if all { 0 } else { CLASSES[class].batch() };
        while self.0[class].count > keep {
            let Some(object) = self.0[class].pop() else { break };
            // SAFETY: the list holds free objects of this class.
            unsafe { slabs.give(object, !all, pages) };
        }
    }

    /// How many objects of the class it keeps. May be asked while the cache changes, for an estimate.
    ///
    /// # Safety
    /// `this` is the address of a cache.
    pub unsafe fn count(this: *const Self, class: usize) -> usize {
        // SAFETY: by the caller the place is valid; the count is read by itself.
        unsafe { (&raw const (*this).0[class].count).read_volatile() }
    }
}
