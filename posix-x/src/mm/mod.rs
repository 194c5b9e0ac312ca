//! Memory calls: `mmap` and its family, `brk`, `madvise`, `mlock`, `membarrier`, memory policies.

mod advise;
mod locking;
pub(crate) mod map;
pub mod oom;
mod policy;

/// The system calls of this area.
pub mod calls {
    pub use super::advise::calls::*;
    pub use super::locking::calls::*;
    pub use super::map::calls::*;
    pub use super::policy::calls::*;
}

use exo_kernel::mm::PAGE_SIZE;

use crate::Errno;

/// EINVAL unless the address is that of a page.
fn check_aligned(address: usize) -> Result<(), Errno> {
    if address % PAGE_SIZE == 0 {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}

/// The length in whole pages; `error` if that is beyond any address.
fn pages(length: usize, error: Errno) -> Result<usize, Errno> {
    exo_kernel::mm::page_up(length).ok_or(error)
}
