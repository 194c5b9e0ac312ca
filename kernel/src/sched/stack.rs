//! A few kernel stacks kept for the next threads: mapping one with its guard page costs more than a thread's
//! whole start.

use arrayvec::ArrayVec;

use crate::mm::KernelStack;
use crate::sync::SpinLock;
use crate::Result;

/// Stacks kept, at most.
const KEPT: usize = 32;

static STACKS: SpinLock<ArrayVec<KernelStack, KEPT>> = SpinLock::new(ArrayVec::new_const());

/// A kept stack, or a new one.
#[inline]
pub(super) fn take() -> Result<KernelStack> {
    let kept = STACKS.lock().pop();
    kept.map_or_else(KernelStack::new, Ok)
}

/// Frees the stacks that are kept.
pub fn release_kept_stacks() {
    let kept = core::mem::take(&mut *STACKS.lock());
    drop(kept);
}

/// Keeps the stack, or frees it if enough are kept.
pub(super) fn give(stack: KernelStack) {
    let refused = STACKS.lock().try_push(stack);
    drop(refused);
}
