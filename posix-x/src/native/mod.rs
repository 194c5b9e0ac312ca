//! The native calls: the kernel's own objects for user programs, beside Linux's.
//!
//! They arrive as system calls with numbers of their own (`posix_x_abi::native`), act on the same processes,
//! descriptors and signals as Linux's calls do, and answer with the same error numbers; so they live here and not in
//! the kernel, which knows of none of these. What they offer is the kernel's: this is translation only.

use posix_x_abi::native::VERSION;

use crate::{SysResult, Task};

/// The handlers of this area, named as in the table of native calls.
pub mod calls {
    pub use super::exo_version;
}

/// Which native calls there are: Linux answers ENOSYS.
pub fn exo_version(_: &Task) -> SysResult {
    Ok(VERSION)
}
