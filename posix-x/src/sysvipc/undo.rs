//! What is undone when a process ends: `SEM_UNDO`.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use exo_kernel::sync::SpinLock;

use super::sem::SemaphoreSet;
use crate::Errno;

/// The sets on which a process, or processes that share the list, did what is to be undone. How much is to be undone
/// is kept in the sets. When the last process lets go of the list, it is done.
#[derive(Default)]
pub struct UndoList {
    sets: SpinLock<Vec<Weak<SemaphoreSet>>>,
}

impl UndoList {
    /// By what sets know the list.
    pub(super) fn owner(&self) -> usize {
        core::ptr::from_ref(self) as usize
    }

    /// From here on the set is told when the list ends.
    pub(super) fn watch(&self, set: &Arc<SemaphoreSet>) -> Result<(), Errno> {
        let mut sets = self.sets.lock();
        if sets.iter().any(|known| core::ptr::eq(known.as_ptr(), Arc::as_ptr(set))) {
            return Ok(());
        }
        if sets.len() == sets.capacity() {
            sets.retain(|known| known.strong_count() > 0);
        }
        sets.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        sets.push(Arc::downgrade(set));
        Ok(())
    }
}

impl Drop for UndoList {
    fn drop(&mut self) {
        let owner = self.owner();
        for set in core::mem::take(self.sets.get_mut()) {
            if let Some(set) = set.upgrade() {
                set.undo(owner);
            }
        }
    }
}
