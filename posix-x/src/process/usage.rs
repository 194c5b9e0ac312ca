//! Consumed processor time and other counts, of threads, processes and waited-for children.

use core::ops::AddAssign;

use posix_x_abi::types::{Rusage, Timeval};

use super::{Process, Task};

/// What was consumed.
#[derive(Clone, Copy, Default, Debug)]
pub struct Usage {
    /// Nanoseconds in user mode.
    pub user: u64,
    /// Nanoseconds in the kernel.
    pub system: u64,
    /// Page faults that needed no device.
    pub minor_faults: u64,
    /// Times the thread waited.
    pub voluntary_switches: u64,
    /// Times the thread was preempted.
    pub involuntary_switches: u64,
    /// The largest resident size, in KiB.
    pub max_resident: u64,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.user += other.user;
        self.system += other.system;
        self.minor_faults += other.minor_faults;
        self.voluntary_switches += other.voluntary_switches;
        self.involuntary_switches += other.involuntary_switches;
        self.max_resident = self.max_resident.max(other.max_resident);
    }
}

impl Usage {
    /// Of one thread.
    pub fn of_task(task: &Task) -> Self {
        let Some(thread) = task.thread() else { return Self::default() };
        let times = thread.times();
        Self {
            user: times.user,
            system: times.system,
            minor_faults: times.faults,
            voluntary_switches: times.voluntary,
            involuntary_switches: times.involuntary,
            max_resident: 0,
        }
    }

    /// Of a process: its threads, ended ones included. Its present memory is not counted, because asking the
    /// address space may sleep.
    pub fn of_process(process: &Process) -> Self {
        let mut sum = process.ended_threads_usage();
        process.for_each_task(|task| sum += Self::of_task(task));
        sum
    }

    /// With the present memory of the process taken into account.
    pub fn with_memory(mut self, process: &Process) -> Self {
        if let Some(space) = process.space() {
            self.max_resident = self.max_resident.max(space.usage().peak_present as u64 * 4);
        }
        self
    }

    /// As `getrusage` gives it.
    pub fn to_rusage(self) -> Rusage {
        let timeval =
            |ns: u64| Timeval { sec: (ns / 1_000_000_000) as i64, usec: (ns % 1_000_000_000 / 1000) as i64 };
        Rusage {
            utime: timeval(self.user),
            stime: timeval(self.system),
            maxrss: self.max_resident as i64,
            minflt: self.minor_faults as i64,
            nvcsw: self.voluntary_switches as i64,
            nivcsw: self.involuntary_switches as i64,
            ..Rusage::default()
        }
    }
}
