//! Resource limits of a process.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use posix_x_abi::types::Rlimit;

/// No limit.
pub const INFINITY: u64 = u64::MAX;
/// How many kinds there are.
const COUNT: usize = 16;
/// Descriptors at most, whatever the limit says.
pub const NOFILE_MAX: u64 = 1 << 20;

/// What is limited, by Linux's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Resource {
    Cpu = 0,
    FileSize = 1,
    Data = 2,
    Stack = 3,
    Core = 4,
    Rss = 5,
    Processes = 6,
    Files = 7,
    LockedMemory = 8,
    AddressSpace = 9,
    Locks = 10,
    PendingSignals = 11,
    MessageQueue = 12,
    Nice = 13,
    RealTimePriority = 14,
    RealTimeTime = 15,
}

impl Resource {
    /// The kind with this number.
    pub fn from_number(number: u32) -> Option<Self> {
        const ALL: [Resource; COUNT] = [
            Resource::Cpu,
            Resource::FileSize,
            Resource::Data,
            Resource::Stack,
            Resource::Core,
            Resource::Rss,
            Resource::Processes,
            Resource::Files,
            Resource::LockedMemory,
            Resource::AddressSpace,
            Resource::Locks,
            Resource::PendingSignals,
            Resource::MessageQueue,
            Resource::Nice,
            Resource::RealTimePriority,
            Resource::RealTimeTime,
        ];
        ALL.get(number as usize).copied()
    }
}

/// All limits of a process: each a soft one, which counts, and a hard one, up to which it may be raised.
pub struct Limits {
    soft: [AtomicU64; COUNT],
    hard: [AtomicU64; COUNT],
}

impl Limits {
    /// What init starts with, given how many threads and pending signals memory allows.
    pub fn initial(threads: u64) -> Self {
        let limits = Self {
            soft: [const { AtomicU64::new(INFINITY) }; COUNT],
            hard: [const { AtomicU64::new(INFINITY) }; COUNT],
        };
        limits.set(Resource::Stack, Rlimit { cur: 8 << 20, max: INFINITY });
        limits.set(Resource::Core, Rlimit { cur: 0, max: INFINITY });
        limits.set(Resource::Processes, Rlimit { cur: threads, max: threads });
        limits.set(Resource::Files, Rlimit { cur: 1024, max: 4096 });
        limits.set(Resource::LockedMemory, Rlimit { cur: 8 << 20, max: 8 << 20 });
        limits.set(Resource::PendingSignals, Rlimit { cur: threads, max: threads });
        limits.set(Resource::MessageQueue, Rlimit { cur: 819_200, max: 819_200 });
        limits.set(Resource::Nice, Rlimit { cur: 0, max: 0 });
        limits.set(Resource::RealTimePriority, Rlimit { cur: 0, max: 0 });
        limits
    }

    /// The soft limit.
    #[inline]
    pub fn soft(&self, resource: Resource) -> u64 {
        self.soft[resource as usize].load(Relaxed)
    }

    /// Both limits.
    pub fn get(&self, resource: Resource) -> Rlimit {
        Rlimit { cur: self.soft(resource), max: self.hard[resource as usize].load(Relaxed) }
    }

    /// Sets both limits. What may be set is for the caller to decide.
    pub fn set(&self, resource: Resource, limit: Rlimit) {
        self.soft[resource as usize].store(limit.cur, Relaxed);
        self.hard[resource as usize].store(limit.max, Relaxed);
    }
}

impl Clone for Limits {
    fn clone(&self) -> Self {
        Self {
            soft: core::array::from_fn(|i| AtomicU64::new(self.soft[i].load(Relaxed))),
            hard: core::array::from_fn(|i| AtomicU64::new(self.hard[i].load(Relaxed))),
        }
    }
}
