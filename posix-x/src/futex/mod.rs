//! Futexes as Linux has them, over [`exo_kernel::ipc::futex`]: the operations of `futex`, and the lists of robust
//! futexes that a thread leaves behind.

pub mod calls;
mod robust;

pub use robust::exit_robust_list;

use exo_kernel::ipc::futex::{self, Scope, MATCH_ANY};

/// Wakes up to `count` waiters of the word at `address` in the current space, whichever way they wait.
pub fn wake_address(address: usize, count: usize) {
    // An address that is no good has no waiters.
    let shared = futex::wake(address, count, MATCH_ANY, Scope::Shared);
    if shared.is_ok_and(|woken| woken >= count) {
        return;
    }
    let _ = futex::wake(address, count, MATCH_ANY, Scope::Private);
}
