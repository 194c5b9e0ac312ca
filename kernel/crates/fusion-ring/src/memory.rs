//! Copies between private memory and memory that somebody else may be writing.
//!
//! Each byte is read or written once, as by a relaxed atomic access: what a scribbler does meanwhile makes the
//! bytes wrong, and is no data race.

use core::marker::PhantomData;
use core::ptr::NonNull;

/// Bytes of shared memory.
#[derive(Clone, Copy, Debug)]
pub struct Shared<'m> {
    base: NonNull<u8>,
    len: usize,
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
    pub const unsafe fn new(base: NonNull<u8>, len: usize) -> Self {
        Self { base, len, memory: PhantomData }
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
                Some(Self { base, len, memory: PhantomData })
            }
            _ => None,
        }
    }

    /// Copies as many bytes as both have to `to`; returns how many.
    pub fn read(&self, to: &mut [u8]) -> usize {
        let count = self.len.min(to.len());
        // SAFETY: both have `count` bytes, and they are different memory: `to` is borrowed alone.
        unsafe { copy(self.base.as_ptr(), to.as_mut_ptr(), count, Shares::Source) }
        count
    }

    /// Copies as many bytes as both have from `from`; returns how many.
    pub fn write(&self, from: &[u8]) -> usize {
        let count = self.len.min(from.len());
        // SAFETY: as in `read`, with the directions exchanged.
        unsafe { copy(from.as_ptr(), self.base.as_ptr(), count, Shares::Target) }
        count
    }
}

/// Which side of a copy others may touch.
#[derive(Clone, Copy)]
enum Shares {
    Source,
    Target,
}

/// # Safety
///
/// `count` bytes can be read at `from` and written at `to`, they don't overlap, and others touch only the side that
/// is shared.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline]
unsafe fn copy(from: *const u8, to: *mut u8, count: usize, _shared: Shares) {
    // SAFETY: the caller's promise is all that the instruction needs; the direction flag is clear in Rust code.
    unsafe {
        core::arch::asm!(
            "rep movsb",
            inout("rcx") count => _,
            inout("rsi") from => _,
            inout("rdi") to => _,
            options(nostack, preserves_flags),
        );
    }
}

/// # Safety
///
/// As above.
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
unsafe fn copy(from: *const u8, to: *mut u8, count: usize, shared: Shares) {
    use core::sync::atomic::{AtomicU8, Ordering};
    for i in 0..count {
        // SAFETY: `i` is less than `count`; the shared side is only ever accessed atomically, the other is ours.
        unsafe {
            match shared {
                Shares::Source => {
                    *to.add(i) = AtomicU8::from_ptr(from.add(i).cast_mut()).load(Ordering::Relaxed)
                }
                Shares::Target => AtomicU8::from_ptr(to.add(i)).store(*from.add(i), Ordering::Relaxed),
            }
        }
    }
}
