//! Setting the wall clock, and the timers that depend on it.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::ptr;

use exo_kernel::room;
use exo_kernel::sync::SpinLock;
use exo_kernel::time::{self, Instant};

use crate::Errno;

/// Is armed for a time of the wall clock.
pub trait Dependent: Send + Sync {
    /// The clock was set: arms itself anew.
    fn clock_set(&self);
}

static DEPENDENTS: SpinLock<Vec<Weak<dyn Dependent>>> = SpinLock::new(Vec::new());

/// Has `dependent` told of every change, until it calls [`unregister`] when it is dropped.
pub fn register(dependent: &Arc<impl Dependent + 'static>) -> Result<(), Errno> {
    let weak = Arc::downgrade(dependent) as Weak<dyn Dependent>;
    let mut dependents = DEPENDENTS.lock();
    dependents.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
    dependents.push(weak);
    Ok(())
}

/// `dependent` goes away: what [`register`] did is undone, if it was called.
pub fn unregister(dependent: &impl Dependent) {
    let mut dependents = DEPENDENTS.lock();
    if let Some(at) = dependents.iter().position(|weak| ptr::addr_eq(weak.as_ptr(), dependent)) {
        dependents.swap_remove(at);
        room::shrink(&mut dependents);
    }
}

/// Sets the wall clock. ENOMEM if those that depend on it could not be told.
pub fn set(nanoseconds: u64) -> Result<(), Errno> {
    let mut told = Vec::new();
    {
        let dependents = DEPENDENTS.lock();
        told.try_reserve_exact(dependents.len()).map_err(|_| Errno::ENOMEM)?;
        told.extend(dependents.iter().filter_map(Weak::upgrade));
    }
    time::set_realtime(nanoseconds.min(i64::MAX as u64) as i64);
    // Unlocked, as the last to hold one of them unregisters it.
    told.iter().for_each(|dependent| dependent.clock_set());
    Ok(())
}

/// When the wall clock will show `nanoseconds`, if nobody sets it.
pub fn instant(nanoseconds: u64) -> Instant {
    let since_boot = (nanoseconds as i64).saturating_sub(time::realtime_offset());
    Instant::from_nanos(since_boot.max(0) as u64)
}
