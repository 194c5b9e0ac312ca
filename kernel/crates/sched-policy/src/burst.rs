//! How long a thread is expected to run before it gives the CPU back.

use core::cell::Cell;

/// The queue that a thread belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// Expected to run less than 3 ms.
    Hot = 0,
    /// 3 to 10 ms.
    Normal = 1,
    /// More than 10 ms.
    Cold = 2,
}

/// How many classes there are.
pub const CLASSES: usize = 3;

impl Class {
    /// All, the most urgent first.
    pub const ALL: [Self; CLASSES] = [Self::Hot, Self::Normal, Self::Cold];

    const HOT_BELOW: u64 = 3_000_000;
    const COLD_ABOVE: u64 = 10_000_000;

    /// The class of a burst of so many nanoseconds.
    #[inline]
    pub const fn of(nanoseconds: u64) -> Self {
        if nanoseconds < Self::HOT_BELOW {
            Self::Hot
        } else if nanoseconds <= Self::COLD_ABOVE {
            Self::Normal
        } else {
            Self::Cold
        }
    }
}

/// How good the predictions were.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Prediction {
    /// Bursts that are over.
    pub bursts: u64,
    /// How long they took together, in nanoseconds.
    pub total: u64,
    /// What was predicted for them, likewise.
    pub predicted: u64,
    /// By how much each prediction was wrong, added up.
    pub error: u64,
}

/// The exponential moving average (α = 1/4) of past bursts, and the burst under way.
#[derive(Debug)]
pub struct Burst {
    average: Cell<u64>,
    current: Cell<u64>,
    past: Cell<Prediction>,
}

impl Default for Burst {
    fn default() -> Self {
        Self::new()
    }
}

impl Burst {
    /// Nothing known: predicts a Normal burst.
    pub const fn new() -> Self {
        let past = Prediction { bursts: 0, total: 0, predicted: 0, error: 0 };
        Self { average: Cell::new(Class::HOT_BELOW), current: Cell::new(0), past: Cell::new(past) }
    }

    /// Expects what `other` expects now.
    pub fn inherit(&self, other: &Self) {
        self.average.set(other.predicted());
        self.current.set(0);
    }

    /// The thread ran for `nanoseconds`.
    #[inline]
    pub fn ran(&self, nanoseconds: u64) {
        self.current.set(self.current.get().wrapping_add(nanoseconds));
    }

    /// The thread waits: the burst is over and becomes experience. Returns its class.
    #[inline]
    pub fn finish(&self) -> Class {
        let burst = self.current.replace(0);
        let average = self.average.get();
        let mut past = self.past.get();
        past.bursts += 1;
        past.total = past.total.wrapping_add(burst);
        past.predicted = past.predicted.wrapping_add(average);
        past.error = past.error.wrapping_add(average.abs_diff(burst));
        self.past.set(past);
        let average = average - average / 4 + burst / 4;
        self.average.set(average);
        Class::of(average)
    }

    /// The predicted burst in nanoseconds. A burst that already outlasts the average is the better prediction.
    #[inline]
    pub fn predicted(&self) -> u64 {
        self.current.get().max(self.average.get())
    }

    /// The class of the predicted burst.
    #[inline]
    pub fn class(&self) -> Class {
        Class::of(self.predicted())
    }

    /// How good the predictions were.
    pub fn past(&self) -> Prediction {
        self.past.get()
    }
}
