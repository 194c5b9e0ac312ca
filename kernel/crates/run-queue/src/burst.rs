//! How long a thread is expected to run before it gives the CPU back.

/// The queue an entity belongs to.
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

/// The exponential moving average (α = 1/4) of past bursts, and the burst under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Burst {
    average: u64,
    current: u64,
}

impl Default for Burst {
    fn default() -> Self {
        Self::new()
    }
}

impl Burst {
    /// Nothing known: predicts a Normal burst.
    pub const fn new() -> Self {
        Self { average: Class::HOT_BELOW, current: 0 }
    }

    /// The entity ran for `nanoseconds` and still wants the CPU.
    #[inline]
    pub fn ran(&mut self, nanoseconds: u64) {
        self.current = self.current.saturating_add(nanoseconds);
    }

    /// The entity waits: the burst is over and becomes experience.
    #[inline]
    pub fn finish(&mut self) {
        let burst = core::mem::take(&mut self.current);
        self.average = self.average - self.average / 4 + burst / 4;
    }

    /// The predicted burst in nanoseconds. A burst that already outlasts the average is the better prediction.
    #[inline]
    pub const fn predicted(&self) -> u64 {
        if self.current > self.average {
            self.current
        } else {
            self.average
        }
    }

    /// The class of the predicted burst.
    #[inline]
    pub const fn class(&self) -> Class {
        Class::of(self.predicted())
    }
}
