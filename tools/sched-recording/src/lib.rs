//! Recordings of real workloads: what each thread did, as a [`Script`] that does not depend on when it had the CPU.
//!
//! The kernel tells events ([`events`]): who left a CPU, who woke or made whom. [`script`] turns them into scripts of
//! computing, sleeping, waking others and waiting to be woken, and [`text`] writes them to files and reads them back.

pub mod events;
pub mod script;
pub mod text;

use sched_policy::Parameters;

/// What a thread does next. Times are in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Computes for so long.
    Run(u64),
    /// Sleeps for so long: something outside the recorded threads woke it, such as a timer. Then it waited for a
    /// CPU for `waited`.
    Sleep { length: u64, waited: u64 },
    /// Sleeps until another thread wakes it. Then it waited for a CPU for `waited`.
    Wait { waited: u64 },
    /// Wakes the thread of this index.
    Wake(usize),
    /// Makes the thread of this index.
    Start(usize),
    /// Ends.
    End,
}

/// All that one thread did.
#[derive(Clone, PartialEq, Debug)]
pub struct Script {
    /// Its name at the end.
    pub name: String,
    /// How it was scheduled at the end.
    pub parameters: Parameters,
    pub steps: Vec<Step>,
}

/// A recorded workload.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Recording {
    /// What was run.
    pub command: String,
    /// What time is counted in.
    pub clock: Clock,
    /// How many CPUs it ran on.
    pub cpus: usize,
    /// Events that were recorded, and those for which there was no room.
    pub events: usize,
    pub lost: usize,
    /// From its begin to its end.
    pub took: u64,
    /// How often a CPU went from one thread to another.
    pub switches: usize,
    /// The longest that any thread could run and did not.
    pub longest_wait: u64,
    pub threads: Vec<Script>,
}

/// What a recording's time is counted in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Clock {
    /// Instructions: each takes a nanosecond.
    Instructions,
    /// The guest's clock.
    #[default]
    Wall,
}

impl Recording {
    /// How long threads waited for a CPU when they were woken, as it was.
    pub fn latencies(&self) -> impl Iterator<Item = u64> + '_ {
        self.threads.iter().flat_map(|thread| &thread.steps).filter_map(|step| match *step {
            Step::Sleep { waited, .. } | Step::Wait { waited } => Some(waited),
            _ => None,
        })
    }

    /// How long all threads computed together.
    pub fn computed(&self) -> u64 {
        let steps = self.threads.iter().flat_map(|thread| &thread.steps);
        steps.map(|step| if let Step::Run(length) = *step { length } else { 0 }).sum()
    }
}
