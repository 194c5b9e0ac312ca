//! [`Schedule`]: when a timer expires next, and how often after that. Pure arithmetic.

/// When a timer expires, on whatever clock.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// The next expiry, or 0 if there is none.
    pub next: u64,
    /// Nanoseconds between expiries, or 0 for just one.
    pub interval: u64,
}

impl Schedule {
    /// Expires after `value` (or, if `absolute`, at it) and then every `interval`; never if `value` is 0.
    pub fn new(value: u64, interval: u64, absolute: bool, now: u64) -> Self {
        let next = match (value, absolute) {
            (0, _) => return Self::default(),
            (value, true) => value,
            (value, false) => now.saturating_add(value),
        };
        Self { next, interval }
    }

    /// Will it expire (again)?
    pub const fn is_armed(&self) -> bool {
        self.next != 0
    }

    /// How often it would have expired by `now`, without moving on.
    pub const fn due(&self, now: u64) -> u64 {
        if self.next == 0 || now < self.next {
            return 0;
        }
        match (now - self.next).checked_div(self.interval) {
            Some(periods) => 1 + periods,
            None => 1,
        }
    }

    /// Moves on past `now` and returns how often it expired.
    pub fn advance(&mut self, now: u64) -> u64 {
        let due = self.due(now);
        if due > 0 {
            self.next = if self.interval == 0 {
                0
            } else {
                self.next.saturating_add(due.saturating_mul(self.interval))
            };
        }
        due
    }

    /// Nanoseconds to the next expiry: 0 if there is none, at least 1 if there is.
    pub const fn remaining(&self, now: u64) -> u64 {
        if self.next == 0 {
            return 0;
        }
        // A periodic timer whose expiry was not attended to yet is already on its way to the one after.
        let past = if self.interval > 0 { self.due(now).saturating_mul(self.interval) } else { 0 };
        let left = self.next.saturating_add(past).saturating_sub(now);
        if left == 0 {
            1
        } else {
            left
        }
    }
}
