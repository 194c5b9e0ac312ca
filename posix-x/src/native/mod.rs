//! The native calls: the kernel's own objects for user programs, beside Linux's.
//!
//! They arrive as system calls with numbers of their own (`posix_x_abi::native`), act on the same processes,
//! descriptors and signals as Linux's calls do, and answer with the same error numbers; so they live here and not in
//! the kernel, which knows of none of these. What they offer is the kernel's: this is translation only.

mod capabilities;
mod charge;
mod name;
mod pool;
mod ring;

use posix_x_abi::native::VERSION;
use posix_x_abi::uapi::general::O_CLOEXEC;

use crate::{Errno, SysResult, Task};

/// The handlers of this area, named as in the table of native calls.
pub mod calls {
    pub use super::capabilities::{
        exo_cap_check, exo_cap_clone, exo_cap_info, exo_cap_open, exo_cap_restrict, exo_cap_revoke,
    };
    pub use super::exo_version;
    pub use super::name::{exo_attach, exo_name, exo_unname};
    pub use super::pool::{exo_pool_create, exo_pool_join, exo_pool_map};
    pub use super::ring::{
        exo_ring_close, exo_ring_create, exo_ring_duplicate, exo_ring_map, exo_ring_park, exo_ring_stat,
        exo_ring_wake,
    };
    pub use crate::security::confine::calls::{exo_pledge, exo_unveil};
}

/// Which native calls there are: Linux answers ENOSYS.
pub fn exo_version(_: &Task) -> SysResult {
    Ok(VERSION)
}

/// Of the flags of a call that makes descriptors only `O_CLOEXEC` means anything.
fn check_flags(flags: u32) -> Result<(), Errno> {
    if flags & !O_CLOEXEC != 0 {
        return Err(Errno::EINVAL);
    }
    Ok(())
}
