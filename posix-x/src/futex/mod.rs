//! `futex`: to come.

/// Its system calls.
pub mod calls {}

/// Marks the robust futexes that an ending thread holds, and wakes who waits for them.
pub fn exit_robust_list(_task: &crate::Task) {}

/// Wakes up to `count` waiters of the shared or private futex at `address` in the current space.
pub fn wake_address(_address: usize, _count: usize) {}
