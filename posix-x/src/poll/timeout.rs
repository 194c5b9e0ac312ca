//! Timeouts of the waiting calls: how long, and what is left afterwards.

use core::time::Duration;

use crate::Errno;
use exo_kernel::time::{self, Instant};
use exo_kernel::user::UserPtr;
use posix_x_abi::types::{Timespec, Timeval};

/// How long a call may wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timeout {
    /// Not at all.
    Poll,
    /// Until then.
    Until(Instant),
    /// For ever.
    Never,
}

impl Timeout {
    /// Negative: for ever.
    pub fn from_millis(millis: i32) -> Self {
        match u64::try_from(millis) {
            Err(_) => Self::Never,
            Ok(millis) => Self::after(Duration::from_millis(millis)),
        }
    }

    fn after(duration: Duration) -> Self {
        if duration.is_zero() {
            return Self::Poll;
        }
        // Longer than any machine runs: the clock need not be able to express it.
        if duration.as_secs() > u64::from(u32::MAX) {
            return Self::Never;
        }
        Self::Until(time::now() + duration)
    }

    /// From a user's timespec; NULL is for ever. EINVAL where it is not normalised.
    pub fn from_timespec(pointer: UserPtr<Timespec>) -> Result<Self, Errno> {
        let Some(pointer) = pointer.non_null() else { return Ok(Self::Never) };
        let value = pointer.read()?;
        let seconds = u64::try_from(value.sec).map_err(|_| Errno::EINVAL)?;
        let nanos = u32::try_from(value.nsec).ok().filter(|&n| n < 1_000_000_000).ok_or(Errno::EINVAL)?;
        Ok(Self::after(Duration::new(seconds, nanos)))
    }

    /// From a user's timeval, in which more than a second of microseconds is allowed (`select`).
    pub fn from_timeval(pointer: UserPtr<Timeval>) -> Result<Self, Errno> {
        let Some(pointer) = pointer.non_null() else { return Ok(Self::Never) };
        let value = pointer.read()?;
        let carry = value.usec.checked_div(1_000_000).ok_or(Errno::EINVAL)?;
        let seconds =
            value.sec.checked_add(carry).and_then(|s| u64::try_from(s).ok()).ok_or(Errno::EINVAL)?;
        let micros = u32::try_from(value.usec % 1_000_000).map_err(|_| Errno::EINVAL)?;
        Ok(Self::after(Duration::new(seconds, micros * 1000)))
    }

    /// The deadline of a wait; `None` for ever.
    pub fn deadline(self) -> Option<Instant> {
        match self {
            Self::Until(instant) => Some(instant),
            Self::Poll => Some(time::now()),
            Self::Never => None,
        }
    }

    /// Has the time passed?
    pub fn is_over(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// What is left now.
    fn left(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::Poll => Some(Duration::ZERO),
            Self::Until(instant) => Some(instant.saturating_duration_since(time::now())),
        }
    }

    /// Stores what is left. Memory that cannot be written is not an error any more, as in Linux.
    pub fn store_timespec(self, pointer: UserPtr<Timespec>) {
        let _ = self.try_store_timespec(pointer);
    }

    /// Stores what is left, for calls to which memory that cannot be written is an error.
    pub fn try_store_timespec(self, pointer: UserPtr<Timespec>) -> Result<(), Errno> {
        if let (Some(pointer), Some(left)) = (pointer.non_null(), self.left()) {
            pointer.write(&Timespec { sec: left.as_secs() as i64, nsec: i64::from(left.subsec_nanos()) })?;
        }
        Ok(())
    }

    /// Stores what is left, as [`store_timespec`](Self::store_timespec).
    pub fn store_timeval(self, pointer: UserPtr<Timeval>) {
        if let (Some(pointer), Some(left)) = (pointer.non_null(), self.left()) {
            let value = Timeval { sec: left.as_secs() as i64, usec: i64::from(left.subsec_micros()) };
            let _ = pointer.write(&value);
        }
    }
}
