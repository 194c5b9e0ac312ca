//! Memory: physical frames, the kernel heap, memory objects and address spaces.
//!
//! - [`frame`]: the frame table with its reference counts, the buddy allocator and per-CPU caches; [`Frame`].
//! - [`heap`]: the kernel's global allocator.
//! - [`stack`]: [`KernelStack`], kernel stacks with a guard page.
//! - [`vmo`]: [`Vmo`], a memory object: a sparse run of frames that files, shared memory and rings are made of.
//! - [`space`]: [`AddressSpace`], a map of address ranges to memory objects or anonymous memory.
//! - [`fault`]: what the trap handlers call.
//!
//! The page tables themselves are in [`crate::arch::x86_64::paging`]. Locks nest in this order: an address
//! space, a memory object, the list of spaces; the allocators' own locks are inside all others and let nothing
//! nest. No lock here is held while user memory is touched.

pub mod fault;
pub mod frame;
pub mod heap;
pub mod space;
pub mod stack;
pub mod vmo;

pub use frame::{free_frames, total_frames, Frame};
pub use space::{activate_kernel_space, AddressSpace, MapRequest, MappingInfo, RemapFlags, Usage};
pub use stack::KernelStack;
pub use vmo::Vmo;

/// Bytes of a page.
pub const PAGE_SIZE: usize = crate::arch::PAGE_SIZE;

bitflags::bitflags! {
    /// What a mapping allows.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Prot: u8 {
        /// Loads.
        const READ = 1;
        /// Stores.
        const WRITE = 2;
        /// Instruction fetches.
        const EXEC = 4;
    }
}

/// What an access that faulted wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Access {
    /// A store.
    pub write: bool,
    /// An instruction fetch.
    pub exec: bool,
    /// In user mode (else by the kernel on a program's behalf).
    pub user: bool,
}

/// Why a fault could not be resolved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// Nothing is mapped there.
    Unmapped,
    /// The mapping does not allow the access.
    Denied,
    /// The mapping reaches beyond the end of its object.
    BeyondObject,
    /// No frame left.
    NoMemory,
}

/// Sets memory management up: from here on there are frames, the heap grows, and the kernel's own mappings are
/// final (nothing both writable and executable).
///
/// # Panics
/// If no memory is usable, which the caller finds out before.
pub fn init(boot: &crate::arch::BootInfo) {
    let nodes = crate::arch::memory_nodes();
    frame::init(boot.memory, boot.initrd.as_ref().map_or(0, |range| range.end), nodes);
    heap::init();
    crate::arch::x86_64::paging::init();
    space::init();
}

/// Gives back what is only kept to be quicker the next time: cached names, kernel stacks, room for timers, and what
/// the CPUs keep of heap objects and frames.
pub fn drop_caches() {
    crate::vfs::forget_unused_names();
    crate::sched::release_kept_stacks();
    trim_cpus();
    // What is moved into less room now goes where slabs are nearly full, and not where they could run empty.
    crate::vfs::shrink_names();
    crate::vfs::trim_all();
    crate::time::shrink_timer_room();
    space::pack_list();
    trim_cpus();
}

/// Empties the caches of all CPUs.
fn trim_cpus() {
    let trim = |_, _| {
        heap::trim();
        frame::drain_cache();
    };
    trim(0, 0);
    crate::arch::ipi::call_on(crate::sched::other_cpus(), trim, 0, 0);
}

/// Bytes rounded up to whole pages; `None` if that is beyond the address range.
#[inline]
pub const fn page_up(bytes: usize) -> Option<usize> {
    match bytes.checked_add(PAGE_SIZE - 1) {
        Some(sum) => Some(sum & !(PAGE_SIZE - 1)),
        None => None,
    }
}

/// An address rounded down to its page.
#[inline]
pub const fn page_down(address: usize) -> usize {
    address & !(PAGE_SIZE - 1)
}
