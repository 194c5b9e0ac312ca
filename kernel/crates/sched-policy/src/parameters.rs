//! What a program asks for about how one of its threads is scheduled.

use core::ops::RangeInclusive;

use crate::weight;

/// The scheduling policies of POSIX, and Linux's others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// By prediction.
    #[default]
    Normal,
    /// By prediction, but taken for one that computes: it never interrupts others.
    Batch,
    /// With hardly any weight: what the others leave.
    Idle,
    /// Real time: runs until it waits, gives way by itself, or one of higher priority comes.
    Fifo,
    /// As [`Fifo`](Self::Fifo), but takes turns with those of the same priority.
    RoundRobin,
    /// Is guaranteed some time in each period, before all others.
    Deadline,
}

/// The priorities of real time.
pub const PRIORITIES: RangeInclusive<u8> = 1..=99;
/// The nice values, from wanting much to being modest.
pub const NICE: RangeInclusive<i8> = -20..=19;

/// What [`Policy::Deadline`] guarantees, in nanoseconds: `runtime` within `deadline` from the start of each `period`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reservation {
    /// What the thread may run in each period.
    pub runtime: u64,
    /// Until when it has had that, from the period's start.
    pub deadline: u64,
    /// How long a period lasts.
    pub period: u64,
}

impl Reservation {
    /// Below this a runtime is lost in the noise.
    const SHORTEST: u64 = 1 << 10;
    /// Periods that make sense: 100 µs to 2²² µs, as on Linux.
    const PERIODS: RangeInclusive<u64> = 100_000..=(1 << 22) * 1000;

    /// A runtime that fits into a deadline that fits into a period; a period of 0 is as long as the deadline.
    pub fn new(runtime: u64, deadline: u64, period: u64) -> Option<Self> {
        let period = if period == 0 { deadline } else { period };
        let fits = (Self::SHORTEST..=deadline).contains(&runtime) && deadline <= period;
        (fits && Self::PERIODS.contains(&period)).then_some(Self { runtime, deadline, period })
    }
}

/// What a program asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Parameters {
    /// The policy.
    pub policy: Policy,
    /// One of [`NICE`]: for [`Policy::Normal`] and [`Policy::Batch`].
    pub nice: i8,
    /// One of [`PRIORITIES`], for [`Policy::Fifo`] and [`Policy::RoundRobin`], else 0.
    pub priority: u8,
    /// For [`Policy::Deadline`].
    pub reservation: Reservation,
}

/// The ranks of those with deadlines, of real time (100 − priority) and of all others; a lower one goes first.
pub(crate) const DEADLINE_RANK: u8 = 0;
pub(crate) const FAIR_RANK: u8 = 100;
pub(crate) const IDLE_RANK: u8 = 101;

impl Parameters {
    /// Which goes first, whatever else: the lower one.
    pub fn rank(&self) -> u8 {
        match self.policy {
            Policy::Deadline => DEADLINE_RANK,
            Policy::Fifo | Policy::RoundRobin => {
                FAIR_RANK - self.priority.clamp(*PRIORITIES.start(), *PRIORITIES.end())
            }
            Policy::Normal | Policy::Batch => FAIR_RANK,
            Policy::Idle => IDLE_RANK,
        }
    }

    /// The share of time among those who are scheduled by prediction.
    pub fn weight(&self) -> u32 {
        match self.policy {
            Policy::Idle => weight::IDLE,
            _ => weight::of_nice(self.nice.into()),
        }
    }

    /// Is it one of the policies of real time, deadlines included?
    pub fn is_real_time(&self) -> bool {
        matches!(self.policy, Policy::Fifo | Policy::RoundRobin | Policy::Deadline)
    }
}
