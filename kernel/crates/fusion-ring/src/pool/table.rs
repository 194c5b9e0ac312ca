//! The table of a pool, in memory that all sides can write.

use core::marker::PhantomData;
use core::ptr::NonNull;

use super::{Layout, PoolError, CLASSES};
use crate::sync::{AtomicU32, AtomicU64, Line};

/// The list of one class.
#[derive(Debug)]
#[repr(C)]
pub struct Head {
    /// Changes in the high half, the first free block plus one in the low half.
    pub(super) free: AtomicU64,
    /// Blocks from here on were never allocated, counted within the class.
    pub(super) fresh: AtomicU32,
}

/// The lists, each on a line of its own. Zeroed memory is that of a pool all of which is free.
pub type Heads = [Line<Head>; CLASSES];

/// What the table says of one block.
#[derive(Debug)]
#[repr(C)]
pub struct Entry {
    /// Four bits for each side: how often it holds the block.
    pub(super) holders: AtomicU64,
    /// The next free block plus one.
    pub(super) next: AtomicU32,
    /// How often it was freed: a descriptor from before means nothing.
    pub(super) generation: AtomicU32,
}

impl Head {
    /// Of a class all of which is free.
    #[must_use]
    pub fn new() -> Self {
        Self { free: AtomicU64::new(0), fresh: AtomicU32::new(0) }
    }
}

impl Default for Head {
    fn default() -> Self {
        Self::new()
    }
}

impl Entry {
    /// Of a free block.
    #[must_use]
    pub fn new() -> Self {
        Self { holders: AtomicU64::new(0), next: AtomicU32::new(0), generation: AtomicU32::new(0) }
    }
}

impl Default for Entry {
    fn default() -> Self {
        Self::new()
    }
}

/// Memory with a pool's table in it.
///
/// # Safety
///
/// The references stay valid as long as it lives, and never change.
pub unsafe trait Table {
    /// The lists.
    fn heads(&self) -> &Heads;
    /// An entry.
    ///
    /// # Safety
    ///
    /// `index` is less than the number of blocks of the pool's layout.
    unsafe fn entry(&self, index: u32) -> &Entry;
}

/// A table in memory that the caller keeps, shared by all sides.
#[derive(Clone, Copy, Debug)]
pub struct SharedTable<'m> {
    heads: NonNull<Heads>,
    entries: NonNull<Entry>,
    memory: PhantomData<&'m Heads>,
}

// SAFETY: what it points to is atomics, and is valid for every thread while 'm lasts.
unsafe impl Send for SharedTable<'_> {}
// SAFETY: as above.
unsafe impl Sync for SharedTable<'_> {}

impl SharedTable<'_> {
    /// The table in `len` bytes at `base`, zeroed before the first side came.
    ///
    /// # Safety
    ///
    /// The bytes stay readable and writable for `'m`, and this program touches them through pools only.
    pub unsafe fn new(base: NonNull<u8>, len: usize, layout: &Layout) -> Result<Self, PoolError> {
        if len < layout.table_bytes() || base.as_ptr().align_offset(align_of::<Heads>()) != 0 {
            return Err(PoolError::Geometry);
        }
        // SAFETY: the entries follow the heads, all within `len`.
        let entries = unsafe { base.add(size_of::<Heads>()) };
        Ok(Self { heads: base.cast(), entries: entries.cast(), memory: PhantomData })
    }
}

// SAFETY: the memory is valid for 'm and `new` compared its length with the layout.
unsafe impl Table for SharedTable<'_> {
    fn heads(&self) -> &Heads {
        // SAFETY: see above; all of it is atomics.
        unsafe { self.heads.as_ref() }
    }
    #[inline(always)]
    unsafe fn entry(&self, index: u32) -> &Entry {
        // SAFETY: the index is below the number of entries that `new` found room for.
        unsafe { self.entries.add(index as usize).as_ref() }
    }
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Entry>() == 16 && size_of::<Heads>() == 128 * CLASSES);
