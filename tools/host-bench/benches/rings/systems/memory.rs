//! Memory as processes share it: pages from `mmap`, zeroed, given back when dropped.

use std::ptr::NonNull;

use rustix::mm::{mmap_anonymous, munmap, MapFlags, ProtFlags};

pub struct Pages {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the memory is reached through the rings' own types, which allow for others.
unsafe impl Send for Pages {}
// SAFETY: as above.
unsafe impl Sync for Pages {}

impl Pages {
    /// Memory that costs nothing before it is touched.
    pub fn new(len: usize) -> Self {
        Self::map(len, MapFlags::NORESERVE)
    }

    /// Memory that is there already, so that touching it costs no page fault.
    pub fn present(len: usize) -> Self {
        Self::map(len, MapFlags::POPULATE)
    }

    fn map(len: usize, flags: MapFlags) -> Self {
        let flags = MapFlags::SHARED | flags;
        // SAFETY: a new mapping, wherever there is room.
        let base =
            unsafe { mmap_anonymous(std::ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, flags) };
        Self { base: NonNull::new(base.expect("address space").cast()).expect("not at zero"), len }
    }

    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// For as long as the process lives.
    pub fn leak(self) -> &'static Self {
        Box::leak(Box::new(self))
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: mapped in `new`; whatever uses the memory borrows this. A failure leaks it.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.len) };
    }
}
