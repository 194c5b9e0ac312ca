//! Address spaces.

use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicU64, Ordering};

use super::{Access, FaultKind, Prot, Vmo};
use crate::{Kind, Result};

/// What a mapping's name or file may be: the personality's own object.
pub type Tag = Arc<dyn Any + Send + Sync>;

/// What [`AddressSpace::map`] is to do.
#[derive(Clone, Default)]
pub struct MapRequest {
    /// Where: a wish, or with `fixed` an order. `None`: anywhere.
    pub addr: Option<usize>,
    /// Exactly at `addr`, in place of what is there.
    pub fixed: bool,
    /// With `fixed`: fail with [`Kind::Exists`] instead of replacing.
    pub no_replace: bool,
    /// Bytes, rounded up to pages.
    pub len: usize,
    /// What the mapping allows.
    pub prot: Prot,
    /// What [`AddressSpace::protect`] may allow later. Empty means everything.
    pub max_prot: Prot,
    /// Stores reach the object (and its other mappings); else the first store to a page makes a private copy.
    pub shared: bool,
    /// The object and the offset in it where the mapping starts; `None` is anonymous memory.
    pub object: Option<(Arc<Vmo>, u64)>,
    /// A stack: grows downwards on faults below it.
    pub grows_down: bool,
    /// Do not count against overcommitment.
    pub no_reserve: bool,
    /// Make all pages present at once.
    pub populate: bool,
    /// Counted as locked.
    pub locked: bool,
    /// Shown by [`AddressSpace::mappings`].
    pub file: Option<Tag>,
}

impl MapRequest {
    /// Private anonymous memory anywhere.
    pub fn anonymous(len: usize, prot: Prot) -> Self {
        Self { len, prot, ..Self::default() }
    }
}

bitflags::bitflags! {
    /// How [`AddressSpace::remap`] works.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct RemapFlags: u8 {
        /// The mapping may move.
        const MAY_MOVE = 1;
        /// It moves to the address given.
        const FIXED = 2;
        /// The old range stays mapped, empty.
        const DONT_UNMAP = 4;
    }
}

/// One mapping, as [`AddressSpace::mappings`] shows it.
pub struct MappingInfo<'a> {
    /// First address.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// What is allowed.
    pub prot: Prot,
    /// What may be allowed.
    pub max_prot: Prot,
    /// Shared?
    pub shared: bool,
    /// Offset in the object.
    pub offset: u64,
    /// The object; `None` for anonymous memory.
    pub object: Option<&'a Arc<Vmo>>,
    /// As given in [`MapRequest::file`].
    pub file: Option<&'a Tag>,
    /// A stack.
    pub grows_down: bool,
    /// Part of the heap that [`AddressSpace::brk`] moves.
    pub heap: bool,
    /// Counted as locked.
    pub locked: bool,
}

/// Pages of a space or a range by kind.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Private pages present.
    pub anonymous: usize,
    /// Pages of objects present.
    pub object: usize,
    /// Pages mapped, present or not.
    pub mapped: usize,
    /// Those of private writable mappings.
    pub data: usize,
    /// Those of stacks.
    pub stack: usize,
    /// Those of executable mappings.
    pub exec: usize,
    /// Those that are locked.
    pub locked: usize,
    /// The most pages that were ever present.
    pub peak_present: usize,
    /// The most pages that were ever mapped.
    pub peak_mapped: usize,
}

/// Limits in bytes, set by the personality; `u64::MAX` is none.
#[derive(Debug)]
pub struct Limits {
    /// Private writable memory (and the heap).
    pub data: AtomicU64,
    /// Each stack.
    pub stack: AtomicU64,
    /// Everything mapped.
    pub space: AtomicU64,
    /// Locked memory.
    pub locked: AtomicU64,
}

/// A map of address ranges to objects and anonymous memory, with the page tables that make it so.
pub struct AddressSpace {
    /// Limits in force.
    pub limits: Limits,
}

impl AddressSpace {
    /// An empty space.
    pub fn new() -> Result<Arc<Self>> {
        Err(Kind::NoMemory.into())
    }
    /// A copy: private memory is shared until one side writes to it.
    pub fn fork(&self) -> Result<Arc<Self>> {
        Err(Kind::NoMemory.into())
    }
    /// Makes this the space of the running CPU.
    pub fn activate(self: &Arc<Self>) {}
    /// Chooses where mappings go that name no address, leaving `stack` bytes above for the main stack and `gap`
    /// random bytes.
    pub fn set_layout(&self, mmap_base: usize, brk_start: usize) {
        let _ = (mmap_base, brk_start);
    }
    /// Adds a mapping and returns its address.
    pub fn map(&self, request: &MapRequest) -> Result<usize> {
        let _ = request;
        Err(Kind::NoMemory.into())
    }
    /// Removes whatever is mapped in the range.
    pub fn unmap(&self, addr: usize, len: usize) -> Result<()> {
        let _ = (addr, len);
        Ok(())
    }
    /// Changes what the range allows.
    pub fn protect(&self, addr: usize, len: usize, prot: Prot) -> Result<()> {
        let _ = (addr, len, prot);
        Ok(())
    }
    /// Moves or resizes a mapping and returns its new address. `new_addr` is used with [`RemapFlags::FIXED`].
    pub fn remap(
        &self,
        old: usize,
        old_len: usize,
        new_len: usize,
        flags: RemapFlags,
        new_addr: usize,
    ) -> Result<usize> {
        let _ = (old, old_len, new_len, flags, new_addr);
        Err(Kind::NoMemory.into())
    }
    /// Throws the pages of the range away; anonymous memory reads as zeros afterwards.
    pub fn advise_dont_need(&self, addr: usize, len: usize) -> Result<()> {
        let _ = (addr, len);
        Ok(())
    }
    /// Makes the pages of the range present.
    pub fn populate(&self, addr: usize, len: usize, write: bool) -> Result<()> {
        let _ = (addr, len, write);
        Ok(())
    }
    /// Moves the end of the heap and returns where it is now (unchanged if that was not possible).
    pub fn brk(&self, end: usize) -> usize {
        end
    }
    /// Says which pages of the range are present, one call per page. [`Kind::NoMemory`] for unmapped ones.
    pub fn mincore(&self, addr: usize, len: usize, emit: &mut dyn FnMut(bool)) -> Result<()> {
        let _ = (addr, len, emit);
        Ok(())
    }
    /// Counts the range as locked, or not; locked ranges are made present.
    pub fn lock_range(&self, addr: usize, len: usize, locked: bool) -> Result<()> {
        let _ = (addr, len, locked);
        Ok(())
    }
    /// Counts everything as locked, or not; with `future` also what is mapped later.
    pub fn lock_all(&self, current: bool, future: bool) -> Result<()> {
        let _ = (current, future);
        Ok(())
    }
    /// Resolves a fault.
    pub fn fault(&self, addr: usize, access: Access) -> core::result::Result<(), FaultKind> {
        let _ = (addr, access);
        Err(FaultKind::Unmapped)
    }
    /// The object and the offset in it behind an address of a shared mapping (the key of a shared futex).
    pub fn shared_object(&self, addr: usize) -> Option<(Arc<Vmo>, u64)> {
        let _ = addr;
        None
    }
    /// Shows all mappings, lowest first.
    pub fn mappings(&self, show: &mut dyn FnMut(&MappingInfo)) {
        let _ = show;
    }
    /// Pages present in a range.
    pub fn present(&self, addr: usize, len: usize) -> Usage {
        let _ = (addr, len);
        Usage::default()
    }
    /// Pages of the whole space.
    pub fn usage(&self) -> Usage {
        Usage::default()
    }
    /// Pages present.
    pub fn rss_pages(&self) -> usize {
        0
    }
    /// Pages mapped.
    pub fn vm_pages(&self) -> usize {
        0
    }
    /// Removes everything.
    pub fn clear(&self) {}
    /// Start and present end of the heap.
    pub fn heap_range(&self) -> (usize, usize) {
        (0, 0)
    }
    /// Reads from another program's memory, as a debugger does: through protection, but not through holes.
    /// Returns the bytes read before the first that could not be.
    pub fn read_remote(&self, addr: usize, out: &mut [u8]) -> usize {
        let _ = (addr, out);
        0
    }
    /// Writes to another program's memory, as a debugger does.
    pub fn write_remote(&self, addr: usize, bytes: &[u8]) -> usize {
        let _ = (addr, bytes);
        0
    }
}

/// The space that is active on this CPU.
pub fn active() -> Option<&'static AddressSpace> {
    None
}

/// Unmaps the pages of an object everywhere.
pub(super) fn zap_object(vmo: &Vmo, pages: core::ops::Range<u64>, cut: bool) {
    let _ = (vmo, pages, cut, Ordering::Relaxed);
}
