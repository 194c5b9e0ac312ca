//! Clocks, sleeping, timers and scheduling calls.
//!
//! - [`clock`]: what each clock shows, and setting the wall clock;
//! - [`sleep`]: `nanosleep` and its kin; [`interval`]: `setitimer`, `alarm`;
//! - [`posix_timer`]: `timer_create` and its kin; [`timerfd`]: timers as descriptors;
//! - [`scheduling`]: policies and their parameters, affinity; [`priority`]: nice values; [`io_priority`]: those of
//!   input and output.
//! - [`rtc`]: the battery-backed clock as a device.
//!
//! All timers compute with a [`Schedule`]: when next, and how often. Those on the wall clock are armed anew when
//! that is set ([`wall`]).

pub mod clock;
mod clock_calls;
mod cpu_limit;
mod cpu_timer;
pub mod interval;
pub mod io_priority;
pub mod posix_timer;
mod priority;
pub mod rtc;
mod schedule;
pub mod scheduling;
mod sleep;
mod timerfd;
pub mod wall;

use posix_x_abi::types::{Timespec, Timeval};

use crate::signal::Info;
use crate::Errno;
use cpu_limit::CpuLimit;
use interval::IntervalTimers;
use posix_timer::PosixTimers;
pub use schedule::Schedule;

/// Its system calls.
pub mod calls {
    pub use super::clock_calls::*;
    pub use super::interval::calls::*;
    pub use super::io_priority::calls::*;
    pub use super::posix_timer::calls::*;
    pub use super::priority::calls::*;
    pub use super::scheduling::calls::*;
    pub use super::sleep::*;
    pub use super::timerfd::calls::*;
}

/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;
/// Nanoseconds in a clock tick, as `times` and `/proc` count.
pub const CLOCK_TICK: u64 = SECOND / 100;

/// The timers of a process.
#[derive(Default)]
pub struct ProcessTimers {
    interval: IntervalTimers,
    posix: PosixTimers,
    /// Enforces `RLIMIT_CPU`.
    pub cpu_limit: CpuLimit,
}

impl ProcessTimers {
    /// POSIX timers do not survive an exec; interval timers do.
    pub fn exec(&self) {
        self.posix.delete_all();
    }
    /// Disarms all when the process ends.
    pub fn exit(&self) {
        self.posix.delete_all();
        self.interval.disarm_all();
        self.cpu_limit.stop();
    }
    /// A signal was taken from the queue: if a timer sent it, fills in how often that expired since, and lets the
    /// timer send again.
    pub fn signal_taken(&self, info: &mut Info) {
        self.interval.signal_taken(info);
        self.posix.signal_taken(info);
    }
}

/// A duration or time in nanoseconds. EINVAL if not normalised or negative; too large a time is as large as
/// can be told.
pub fn nanoseconds(time: Timespec) -> Result<u64, Errno> {
    let seconds = u64::try_from(time.sec).map_err(|_| Errno::EINVAL)?;
    let rest = u64::try_from(time.nsec).ok().filter(|rest| *rest < SECOND).ok_or(Errno::EINVAL)?;
    Ok(seconds.saturating_mul(SECOND).saturating_add(rest).min(i64::MAX as u64))
}

/// As [`nanoseconds`], with microseconds.
pub fn nanoseconds_of_timeval(time: Timeval) -> Result<u64, Errno> {
    if !(0..1_000_000).contains(&time.usec) {
        return Err(Errno::EINVAL);
    }
    nanoseconds(Timespec { sec: time.sec, nsec: time.usec * 1000 })
}

/// Nanoseconds as seconds and nanoseconds.
pub fn timespec(nanoseconds: u64) -> Timespec {
    Timespec { sec: (nanoseconds / SECOND) as i64, nsec: (nanoseconds % SECOND) as i64 }
}

/// Nanoseconds as seconds and microseconds.
pub fn timeval(nanoseconds: u64) -> Timeval {
    Timeval { sec: (nanoseconds / SECOND) as i64, usec: (nanoseconds % SECOND / 1000) as i64 }
}
