//! Flow control: who may send, when to wake, whom to serve.

/// The sender's half of credit: how much it may still send.
///
/// Credits are counted from the beginning and compared modulo 2⁶⁴, so a grant that is repeated or overtaken does no
/// harm: only the largest counts.
///
/// ```
/// use channels::flow::{Credit, Grants};
/// let (mut credit, mut grants) = (Credit::new(2), Grants::new(2));
/// assert!(credit.take() && credit.take() && !credit.take());
/// assert_eq!(grants.consumed(1), Some(3));
/// assert!(credit.grant(3));
/// assert!(credit.take() && !credit.take());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Credit {
    sent: u64,
    granted: u64,
    window: u64,
}

impl Credit {
    /// To begin with, `window` may be sent.
    #[must_use]
    pub const fn new(window: u32) -> Self {
        Self { sent: 0, granted: window as u64, window: window as u64 }
    }

    /// Uses one up. False if there is none: the sender waits for a grant.
    pub fn take(&mut self) -> bool {
        let may = self.sent != self.granted;
        self.sent = self.sent.wrapping_add(u64::from(may));
        may
    }

    /// What may be sent now.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.granted.wrapping_sub(self.sent)
    }

    /// The receiver allows everything below `granted`. False if that is more than the window allows, which an honest
    /// receiver never does; it changes nothing then. An old grant changes nothing either.
    pub fn grant(&mut self, granted: u64) -> bool {
        let more = granted.wrapping_sub(self.granted);
        if more > u64::MAX / 2 {
            return true;
        }
        if granted.wrapping_sub(self.sent) > self.window {
            return false;
        }
        self.granted = granted;
        true
    }
}

/// The receiver's half of credit: never more than the window is on its way, and a grant is sent when half of it was
/// used, not for every message.
#[derive(Clone, Copy, Debug)]
pub struct Grants {
    consumed: u64,
    granted: u64,
    window: u64,
}

impl Grants {
    /// With the sender's window.
    #[must_use]
    pub const fn new(window: u32) -> Self {
        Self { consumed: 0, granted: window as u64, window: window as u64 }
    }

    /// So many more were taken out and done with: what to grant now, if anything.
    pub fn consumed(&mut self, count: u32) -> Option<u64> {
        self.consumed = self.consumed.wrapping_add(u64::from(count));
        let allowed = self.consumed.wrapping_add(self.window);
        if allowed.wrapping_sub(self.granted) < self.window.div_ceil(2).max(1) {
            return None;
        }
        self.granted = allowed;
        Some(allowed)
    }
}

/// When to wake the receiver: at once, or after more messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Now.
    Wake,
    /// With a later message, but not later than this time.
    Hold(u64),
}

/// Trades latency for fewer wake-ups, as far as it is allowed to: it learns how fast messages come, and holds a
/// wake-up back while more are expected within the budget. Where they come slowly every message wakes at once.
///
/// Times are in the caller's unit, nanoseconds for instance.
///
/// ```
/// use channels::flow::{Coalescer, Decision};
/// let mut coalescer = Coalescer::new(1000, 16);
/// // The first, and any that comes slowly, wakes.
/// assert_eq!(coalescer.sent(0), Decision::Wake);
/// assert_eq!(coalescer.sent(5000), Decision::Wake);
/// // A burst is gathered.
/// let wakes = (0..160).filter(|i| coalescer.sent(10_000 + i * 20) == Decision::Wake).count();
/// assert!(wakes <= 20);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Coalescer {
    budget: u64,
    most: u32,
    /// Smoothed time between messages: three quarters old, one quarter new.
    gap: u64,
    last: Option<u64>,
    pending: u32,
    deadline: u64,
}

impl Coalescer {
    /// Holds a message back for at most `budget`, and at most `most` together.
    #[must_use]
    pub const fn new(budget: u64, most: u32) -> Self {
        Self { budget, most, gap: budget, last: None, pending: 0, deadline: 0 }
    }

    /// A message was put in.
    pub fn sent(&mut self, now: u64) -> Decision {
        if let Some(last) = self.last {
            let gap = now.saturating_sub(last).min(self.budget.saturating_mul(2));
            self.gap = self.gap - self.gap / 4 + gap / 4;
        }
        self.last = Some(now);
        if self.pending == 0 {
            self.deadline = now.saturating_add(self.budget);
        }
        self.pending += 1;
        if self.pending >= self.target() || now >= self.deadline {
            return self.wake();
        }
        Decision::Hold(self.deadline)
    }

    /// Messages worth waiting for: as many as come within half of the budget.
    fn target(&self) -> u32 {
        let expected = self.budget / 2 / self.gap.max(1);
        u32::try_from(expected).unwrap_or(u32::MAX).clamp(1, self.most.max(1))
    }

    fn wake(&mut self) -> Decision {
        self.pending = 0;
        Decision::Wake
    }

    /// The time that was given with [`Decision::Hold`] has come, or nothing more will be sent: is a wake-up due?
    pub fn due(&mut self, now: u64) -> bool {
        let due = self.pending != 0 && now >= self.deadline;
        if due {
            self.wake();
        }
        due
    }

    /// Wakes for what is held back, if anything is: before the sender sleeps.
    pub fn flush(&mut self) -> bool {
        let held = self.pending != 0;
        self.pending = 0;
        held
    }

    /// Messages that nobody was woken for yet.
    #[must_use]
    pub const fn pending(&self) -> u32 {
        self.pending
    }
}

/// Whom to serve among `N` classes: the most urgent (lowest) that is ready, as long as it has not used up its share;
/// then the next. Shares are renewed when no ready class has any left, so every ready class is served within the
/// sum of all shares.
#[derive(Clone, Copy, Debug)]
pub struct Shares<const N: usize> {
    shares: [u32; N],
    left: [u32; N],
}

impl<const N: usize> Shares<N> {
    /// Messages of each class in a round; 0 counts as 1.
    #[must_use]
    pub const fn new(mut shares: [u32; N]) -> Self {
        let mut class = 0;
        while class < N {
            if shares[class] == 0 {
                shares[class] = 1;
            }
            class += 1;
        }
        Self { shares, left: shares }
    }

    /// The class to serve now, if any is ready.
    pub fn pick(&mut self, ready: [bool; N]) -> Option<usize> {
        let first = ready.iter().position(|ready| *ready)?;
        let class = (0..N).find(|class| ready[*class] && self.left[*class] != 0).unwrap_or_else(|| {
            self.left = self.shares;
            first
        });
        self.left[class] -= 1;
        Some(class)
    }
}
