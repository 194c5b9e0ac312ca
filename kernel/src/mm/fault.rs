//! Page faults, as the trap handlers report them.

use super::{Access, FaultKind};

/// The bits of the CPU's error code for page faults (Intel SDM vol. 3, 4.7).
pub mod code {
    /// The page was present: a matter of protection.
    pub const PRESENT: u64 = 1;
    /// A store.
    pub const WRITE: u64 = 1 << 1;
    /// In user mode.
    pub const USER: u64 = 1 << 2;
    /// A reserved bit was set in an entry.
    pub const RESERVED: u64 = 1 << 3;
    /// An instruction fetch.
    pub const FETCH: u64 = 1 << 4;
}

/// Resolves a fault at a user address in the space that is active on this CPU.
#[inline]
pub fn handle(address: usize, error: u64) -> Result<(), FaultKind> {
    let access = Access {
        write: error & code::WRITE != 0,
        exec: error & code::FETCH != 0,
        user: error & code::USER != 0,
    };
    match super::space::active() {
        Some(space) => space.fault(address, access),
        None => Err(FaultKind::Unmapped),
    }
}
