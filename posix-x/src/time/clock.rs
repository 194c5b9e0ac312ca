//! What each clock shows.

use alloc::sync::Arc;

use exo_kernel::time;

use crate::process::usage::Usage;
use crate::process::{table, Process, Task};
use crate::{Errno, Pid};

/// A clock that a program can name.
#[derive(Clone)]
pub enum Clock {
    /// Since 1970; can be set.
    Realtime,
    /// Since boot.
    Monotonic,
    /// CPU time of a process.
    Process(Arc<Process>, CpuClock),
    /// CPU time of a thread.
    Thread(Arc<Task>, CpuClock),
}

/// What of the CPU time counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CpuClock {
    /// User and system.
    Profiling,
    /// User.
    Virtual,
    /// All that the scheduler counted.
    Total,
}

/// The numbers of the clocks.
pub mod id {
    pub const REALTIME: i32 = 0;
    pub const MONOTONIC: i32 = 1;
    pub const PROCESS_CPUTIME: i32 = 2;
    pub const THREAD_CPUTIME: i32 = 3;
    pub const MONOTONIC_RAW: i32 = 4;
    pub const REALTIME_COARSE: i32 = 5;
    pub const MONOTONIC_COARSE: i32 = 6;
    pub const BOOTTIME: i32 = 7;
    pub const REALTIME_ALARM: i32 = 8;
    pub const BOOTTIME_ALARM: i32 = 9;
    pub const TAI: i32 = 11;
}

/// In a negative number: the clock is a thread's.
const PER_THREAD: i32 = 4;

impl Clock {
    /// The clock that `number` names for `task`. EINVAL if there is none.
    pub fn from_number(task: &Task, number: i32) -> Result<Self, Errno> {
        Ok(match number {
            id::REALTIME | id::REALTIME_COARSE | id::REALTIME_ALARM | id::TAI => Self::Realtime,
            id::MONOTONIC | id::MONOTONIC_RAW | id::MONOTONIC_COARSE | id::BOOTTIME | id::BOOTTIME_ALARM => {
                Self::Monotonic
            }
            id::PROCESS_CPUTIME => Self::Process(task.process().clone(), CpuClock::Total),
            id::THREAD_CPUTIME => {
                Self::Thread(table::task(task.tid()).ok_or(Errno::EINVAL)?, CpuClock::Total)
            }
            negative if negative < 0 => return Self::of_cpu_time(task, negative),
            _ => return Err(Errno::EINVAL),
        })
    }

    /// The CPU clock of another process or thread: the complement of its number, and what is counted.
    fn of_cpu_time(task: &Task, number: i32) -> Result<Self, Errno> {
        let kind = match number & 3 {
            0 => CpuClock::Profiling,
            1 => CpuClock::Virtual,
            2 => CpuClock::Total,
            _ => return Err(Errno::EINVAL),
        };
        let pid: Pid = !(number >> 3);
        if number & PER_THREAD != 0 {
            let pid = if pid == 0 { task.tid() } else { pid };
            let other = table::task(pid).filter(|other| Arc::ptr_eq(other.process(), task.process()));
            return Ok(Self::Thread(other.ok_or(Errno::EINVAL)?, kind));
        }
        if pid == 0 {
            return Ok(Self::Process(task.process().clone(), kind));
        }
        Ok(Self::Process(table::process(pid).ok_or(Errno::EINVAL)?, kind))
    }

    /// Is it a clock of CPU time?
    pub fn is_cpu(&self) -> bool {
        matches!(self, Self::Process(..) | Self::Thread(..))
    }

    /// Nanoseconds that it shows.
    pub fn now(&self) -> u64 {
        match self {
            Self::Realtime => time::realtime_ns().max(0) as u64,
            Self::Monotonic => time::now().as_nanos(),
            Self::Process(process, kind) => kind.of(Usage::of_process(process)),
            Self::Thread(task, CpuClock::Total) => task.thread().map_or(0, |thread| thread.cpu_time_ns()),
            Self::Thread(task, kind) => kind.of(Usage::of_task(task)),
        }
    }
}

impl CpuClock {
    /// What counts of a usage.
    pub fn of(self, usage: Usage) -> u64 {
        match self {
            Self::Profiling | Self::Total => usage.user + usage.system,
            Self::Virtual => usage.user,
        }
    }
}

/// CPU time of a process that counts for `kind`.
pub fn cpu_time(process: &Process, kind: CpuClock) -> u64 {
    kind.of(Usage::of_process(process))
}
