//! Which CPU a thread goes to.
//!
//! A CPU is the better the fewer it would share the time with, the nearer it is to the thread's memory, and 20 % better
//! if the thread ran there last: its caches are warm.

use crate::parameters::FAIR_RANK;

/// The distance of a CPU to memory of its own node, in the units of ACPI's SLIT.
pub const LOCAL: u8 = 10;
/// The rank of a CPU that has nothing to do.
pub const NOTHING: u8 = u8::MAX;
/// How often a CPU takes a thread over from one that has just one more, so that shares become equal, in nanoseconds.
pub const ROTATION: u64 = 100_000_000;

/// What the CPU that a thread ran on last is better by, in hundredths.
const BONUS: u32 = 20;

/// A CPU that a thread may run on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// Its number.
    pub id: u32,
    /// Threads that run or could run there.
    pub load: u32,
    /// The rank of the thread that runs there, or [`NOTHING`].
    pub rank: u8,
    /// How far it is from the thread's memory: [`LOCAL`] or more.
    pub distance: u8,
}

impl Candidate {
    /// What it would cost to run there.
    fn cost(&self, home: bool) -> u32 {
        let share = if home { 100 - BONUS } else { 100 };
        self.load.saturating_add(1).saturating_mul(u32::from(self.distance.max(1))).saturating_mul(share)
    }
}

/// The best CPU for a thread of this rank that ran on `home` last; `None` if there is no candidate.
pub fn choose(home: u32, rank: u8, candidates: impl Iterator<Item = Candidate>) -> Option<u32> {
    let order = |candidate: &Candidate| {
        // One of real time needs a CPU on which it runs at once, the less urgent what runs there the better.
        let urgent = rank < FAIR_RANK;
        let behind = match candidate.rank {
            NOTHING => 0,
            running if running >= FAIR_RANK => 1,
            running if running > rank => 2 + u32::from(FAIR_RANK - running),
            _ => u32::MAX,
        };
        (if urgent { behind } else { 0 }, candidate.cost(candidate.id == home), candidate.id != home)
    };
    candidates.min_by_key(order).map(|best| best.id)
}

/// The CPU other than `id`, of `count`, that has the most to do; of several the next one, so that each has its turn.
pub fn busiest(id: u32, count: u32, load: impl Fn(u32) -> u32) -> Option<u32> {
    let others = (1..count).map(|step| (id + step) % count);
    others.reduce(|best, other| if load(other) > load(best) { other } else { best })
}

/// Should a CPU with `own` runnable threads take one from another, with `other`? `waited` is for how long that was so.
pub const fn should_pull(own: u32, other: u32, waited: u64) -> bool {
    other >= own.saturating_add(2) || other > own && waited >= ROTATION
}
