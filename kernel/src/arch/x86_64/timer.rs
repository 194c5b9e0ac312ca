//! The one-shot timer interrupt that [`crate::time`] is driven by.

/// Asks for a timer interrupt after `nanoseconds`, instead of the one asked for before. It may come early where
/// the time is longer than the hardware can count: the handler asks again.
pub fn arm(nanoseconds: u64) {
    let _ = nanoseconds;
}
