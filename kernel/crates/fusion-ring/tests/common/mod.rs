//! Memory for the tests: pages that are as shared memory is, zeroed and aligned.

use std::alloc::{alloc_zeroed, dealloc, Layout};
use std::ptr::NonNull;

/// Zeroed bytes, aligned to a page.
pub struct Pages {
    base: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the memory is reached through the ring's own types, which allow for others.
unsafe impl Sync for Pages {}
// SAFETY: as above.
unsafe impl Send for Pages {}

impl Pages {
    pub fn new(len: usize) -> Self {
        let layout = Layout::from_size_align(len, 4096).unwrap();
        // SAFETY: no test asks for no bytes.
        let base = NonNull::new(unsafe { alloc_zeroed(layout) }).unwrap();
        Self { base, layout }
    }

    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    pub fn len(&self) -> usize {
        self.layout.size()
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout; whatever borrows the memory borrows this.
        unsafe { dealloc(self.base.as_ptr(), self.layout) }
    }
}
