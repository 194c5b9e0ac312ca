//! Bytes in memory that somebody else may be writing, and that are only ever copied in or out.

use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::copy::{Copier, Shares};

/// Bytes of shared memory.
#[derive(Clone, Copy, Debug)]
pub struct Shared<'m> {
    base: NonNull<u8>,
    len: usize,
    copier: Copier,
    memory: PhantomData<&'m ()>,
}

// SAFETY: all access is by copies that allow for others, and the memory is valid for every thread while 'm lasts.
unsafe impl Send for Shared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shared<'_> {}

impl<'m> Shared<'m> {
    /// `len` bytes at `base`.
    ///
    /// # Safety
    ///
    /// The bytes stay readable for `'m`, and writable unless [`Self::write`] is never called; this program touches
    /// them by such copies only.
    pub unsafe fn new(base: NonNull<u8>, len: usize) -> Self {
        Self { base, len, copier: Copier::new(), memory: PhantomData }
    }

    /// Where it begins, for those who read or write in place and know what a peer may do to it meanwhile.
    #[must_use]
    pub const fn as_ptr(&self) -> NonNull<u8> {
        self.base
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Has it no bytes?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// `len` bytes from `start` on, if they are within.
    #[must_use]
    pub const fn part(&self, start: usize, len: usize) -> Option<Shared<'m>> {
        match start.checked_add(len) {
            Some(end) if end <= self.len => {
                // SAFETY: start is at most the length.
                let base = unsafe { self.base.add(start) };
                Some(Self { base, len, ..*self })
            }
            _ => None,
        }
    }

    /// Copies as many bytes as both have to `to`; returns how many.
    pub fn read(&self, to: &mut [u8]) -> usize {
        let count = self.len.min(to.len());
        // SAFETY: both have `count` bytes, and they are different memory: `to` is borrowed alone.
        unsafe { self.copier.copy(self.base.as_ptr(), to.as_mut_ptr(), count, Shares::Source) }
        count
    }

    /// Copies as many bytes as both have from `from`; returns how many.
    pub fn write(&self, from: &[u8]) -> usize {
        let count = self.len.min(from.len());
        // SAFETY: as in `read`, with the directions exchanged.
        unsafe { self.copier.copy(from.as_ptr(), self.base.as_ptr(), count, Shares::Target) }
        count
    }
}
