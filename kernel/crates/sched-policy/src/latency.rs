//! How long waits were, as a histogram.

/// The number of boxes: the first is for waits below 1 µs, each next one for twice as long ones, the last for all above.
pub const BOXES: usize = 24;

/// Waits, by powers of two of microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Latency {
    /// How many.
    pub count: u64,
    /// All together, in nanoseconds.
    pub total: u64,
    /// The longest, in nanoseconds.
    pub longest: u64,
    /// How many were below 2ⁿ µs, but not below half of that.
    pub boxes: [u32; BOXES],
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

impl Latency {
    /// No wait yet.
    pub const fn new() -> Self {
        Self { count: 0, total: 0, longest: 0, boxes: [0; BOXES] }
    }

    /// Adds a wait of so many nanoseconds.
    #[cold]
    pub fn record(&mut self, nanoseconds: u64) {
        self.count += 1;
        self.total = self.total.wrapping_add(nanoseconds);
        self.longest = self.longest.max(nanoseconds);
        let index = (u64::BITS - (nanoseconds / 1000).leading_zeros()) as usize;
        let slot = &mut self.boxes[index.min(BOXES - 1)];
        *slot = slot.saturating_add(1);
    }

    /// Below how many microseconds were `share` (of 1000) of all waits?
    pub fn below(&self, share: u64) -> u64 {
        let wanted = (self.count * share).div_ceil(1000);
        let mut seen = 0;
        for (index, &count) in self.boxes.iter().enumerate() {
            seen += u64::from(count);
            if seen >= wanted {
                return 1 << index;
            }
        }
        self.longest / 1000
    }
}
