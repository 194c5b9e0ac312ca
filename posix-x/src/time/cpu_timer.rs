//! Timers on CPU time.
//!
//! CPU time advances no faster than the clock on all CPUs together, so a timer on it is a timer on the clock that
//! looks again: at the earliest time at which it could be due.

use exo_kernel::sched;
use exo_kernel::time::{self, Instant};

/// Looking more often than this costs more than it tells.
const LEAST: u64 = 4_000_000;

/// When to look again at a clock of CPU time that lacks `left` nanoseconds.
pub fn look_again(left: u64) -> Instant {
    time::now().saturating_add_ns((left / sched::online_cpus() as u64).max(LEAST))
}
