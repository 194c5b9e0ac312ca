//! The time-stamp counter.

use core::arch::x86_64::_rdtsc;
use core::sync::atomic::{AtomicU64, Ordering};

pub(super) static TSC_HZ: AtomicU64 = AtomicU64::new(0);
/// The counter when the kernel got control.
pub(super) static BOOT_TSC: AtomicU64 = AtomicU64::new(0);

/// The counter.
#[inline]
pub fn tsc() -> u64 {
    // SAFETY: every x86_64 CPU has the instruction, and the kernel may always execute it.
    unsafe { _rdtsc() }
}

/// Its frequency, known after [`super::timer::init`] (0 before).
#[inline]
pub fn tsc_hz() -> u64 {
    TSC_HZ.load(Ordering::Relaxed)
}

/// Nanoseconds since the counter was at its value at boot, 0 while the frequency is not known. For the log; the
/// system's clock is [`crate::time`].
pub fn nanoseconds() -> u64 {
    match tsc_hz() {
        0 => 0,
        hz => {
            (u128::from(tsc().wrapping_sub(BOOT_TSC.load(Ordering::Relaxed))) * 1_000_000_000
                / u128::from(hz)) as u64
        }
    }
}
