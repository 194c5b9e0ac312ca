//! Setting the wall clock, and the timers that depend on it.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use exo_kernel::sync::Mutex;
use exo_kernel::time::{self, Instant};

use crate::Errno;

/// Is armed for a time of the wall clock.
pub trait Dependent: Send + Sync {
    /// The clock was set: arms itself anew.
    fn clock_set(&self);
}

static DEPENDENTS: Mutex<Vec<Weak<dyn Dependent>>> = Mutex::new(Vec::new());

/// Has `dependent` told of every change, for as long as it lives.
pub fn register(dependent: &Arc<impl Dependent + 'static>) -> Result<(), Errno> {
    let weak = Arc::downgrade(dependent) as Weak<dyn Dependent>;
    let mut dependents = DEPENDENTS.lock();
    if dependents.len() == dependents.capacity() {
        dependents.retain(|weak| weak.strong_count() > 0);
        dependents.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
    }
    dependents.push(weak);
    Ok(())
}

/// Sets the wall clock.
pub fn set(nanoseconds: u64) {
    time::set_realtime(nanoseconds.min(i64::MAX as u64) as i64);
    let dependents = DEPENDENTS.lock();
    dependents.iter().filter_map(Weak::upgrade).for_each(|dependent| dependent.clock_set());
}

/// When the wall clock will show `nanoseconds`, if nobody sets it.
pub fn instant(nanoseconds: u64) -> Instant {
    let since_boot = (nanoseconds as i64).saturating_sub(time::realtime_offset());
    Instant::from_nanos(since_boot.max(0) as u64)
}
