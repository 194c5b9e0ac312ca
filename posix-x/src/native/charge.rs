//! What memory of rings and pools counts against: each user may have a part of the machine's.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use exo_kernel::ipc::fusion;
use exo_kernel::mm::{self, PAGE_SIZE};

use crate::security::user::User;
use crate::security::Caps;
use crate::{Errno, Task};

/// What an object costs beside its memory: the kernel's part of it, and more, so that there can't be too many.
const OBJECT: u64 = 16 << 10;
/// Of all memory, a user may have this part,
const SHARE: u64 = 4;
/// and with `CAP_SYS_RESOURCE` this one.
const LARGE_SHARE: u64 = 2;

/// Bytes that a user is charged for.
struct Charge {
    user: Arc<User>,
    bytes: u64,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.user.shared_memory.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Charges the caller's user for an object with `bytes` of memory. ENOMEM beyond the limit.
pub(super) fn charge(t: &Task, bytes: usize) -> Result<fusion::Charge, Errno> {
    let creds = t.creds();
    let share = if creds.capable(Caps::SYS_RESOURCE) { LARGE_SHARE } else { SHARE };
    let limit = (mm::total_frames() * PAGE_SIZE) as u64 / share;
    let bytes = (bytes as u64).saturating_add(OBJECT);
    let user = creds.user.clone();
    if !User::take_some(&user.shared_memory, bytes, limit) {
        return Err(Errno::ENOMEM);
    }
    Ok(Arc::new(Charge { user, bytes }))
}
