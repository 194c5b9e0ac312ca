//! `fd`: to come.

/// Its system calls.
pub mod calls {}
use alloc::sync::Arc;

/// The descriptors of a process.
#[derive(Default)]
pub struct FdTable {}

impl FdTable {
    /// A copy for a forked process.
    pub fn fork(&self) -> exo_kernel::Result<Arc<Self>> {
        Ok(Arc::new(Self {}))
    }
    /// Closes what is marked close-on-exec.
    pub fn close_on_exec(&self) {}
}
