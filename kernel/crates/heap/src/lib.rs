//! The memory of the kernel heap, by the policy of the crate [`slab`].
//!
//! - [`Cache`]: lists of free objects, one for each size, that a CPU has for itself: where nearly all requests end;
//! - [`Slabs`]: all slabs of one size, from which the lists are filled and to which they spill.
//!
//! Who owns them locks what needs a lock, and gives pages by [`Pages`]. A free object's first word links it to the
//! next one, in a list as in a slab: hence the unsafe code.
#![no_std]

mod cache;
mod slabs;

pub use cache::Cache;
pub use slabs::Slabs;

/// Where slabs come from and go to.
pub trait Pages {
    /// The address of a run of pages that nobody else uses, aligned to its length, which is a power of two.
    fn take(&mut self, pages: usize) -> Option<usize>;
    /// Gives a run back.
    ///
    /// # Safety
    /// It came from [`Self::take`] with that length, and nobody uses it any more.
    unsafe fn give(&mut self, start: usize, pages: usize);
}
