//! Clocks and timers.
//!
//! [`now`] is the time since boot, from the time-stamp counter; the wall clock is an offset to it ([`clock`]).
//! A [`Timer`] calls a function at an [`Instant`]; sleeping threads have one of their own. Armed timers stand in
//! a queue per CPU, whose first deadline (or the scheduler's tick) is what the hardware is armed for ([`timer`]).

mod clock;
mod timer;
mod worker;

use core::fmt;
use core::ops::{Add, AddAssign, Sub};
use core::time::Duration;

pub use clock::{
    clock_changes, cycles_to_ns, init, now, realtime_ns, realtime_offset, set_realtime, vdso_data,
};
pub use clock::{VdsoClock, CLOCK_SET};
pub(crate) use timer::{
    arm_sleep, disarm_sleep, prepare_cpu, shrink_room as shrink_timer_room, start_tick, tick_at, SleepTimer,
};
pub use timer::{on_timer_interrupt, Timer};
pub use worker::{start_worker, Deferred, ThreadTimer};

/// Nanoseconds in a second.
pub const NANOS_PER_SEC: u64 = 1_000_000_000;

/// A point in time: nanoseconds since boot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Instant(u64);

impl Instant {
    /// Boot.
    pub const ZERO: Self = Self(0);
    /// Never reached.
    pub const MAX: Self = Self(u64::MAX);

    /// So many nanoseconds since boot.
    #[inline]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }
    /// Nanoseconds since boot.
    #[inline]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
    /// The time since `earlier`, zero if that is later.
    #[inline]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
    /// So many nanoseconds later, at most [`Instant::MAX`].
    #[inline]
    pub const fn saturating_add_ns(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    /// Saturates: a time too far to express is never reached.
    fn add(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub for Instant {
    type Output = Duration;
    /// Zero if `earlier` is later.
    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / NANOS_PER_SEC, self.0 % NANOS_PER_SEC / 1000)
    }
}
