//! The clock source and the wall clock.
//!
//! Nanoseconds = (counter − base) · factor / 2³². The factor never changes after boot, and the wall clock is one
//! signed offset to the time since boot. So each reading needs one multiplication and no lock, in the kernel and
//! in the vDSO alike: [`VdsoClock`] is the page that both read.

use core::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use spin::Once;

use super::{Instant, NANOS_PER_SEC};
use crate::arch;
use crate::mm::Frame;
use crate::sync::WaitQueue;
use crate::Result;

/// What the vDSO reads. Each field is read and written whole, so no sequence counter is needed.
#[derive(Debug)]
#[repr(C)]
pub struct VdsoClock {
    /// The counter at boot.
    pub base: AtomicU64,
    /// Nanoseconds per count, times 2³².
    pub factor: AtomicU64,
    /// Nanoseconds from the time since boot to the time since 1970.
    pub realtime_offset: AtomicI64,
}

impl VdsoClock {
    const fn new() -> Self {
        Self { base: AtomicU64::new(0), factor: AtomicU64::new(0), realtime_offset: AtomicI64::new(0) }
    }
}

/// The kernel's own copy, near its code.
static CLOCK: VdsoClock = VdsoClock::new();
static PAGE: Once<Frame> = Once::new();
static CHANGES: AtomicU64 = AtomicU64::new(0);

/// Woken whenever the wall clock is set: whoever waits for a wall time computes again.
pub static CLOCK_SET: WaitQueue = WaitQueue::new();

fn factor(hz: u64) -> u64 {
    ((u128::from(NANOS_PER_SEC) << 32) / u128::from(hz.max(1))) as u64
}

/// Starts the clocks. Runs once, when the counter's frequency is known and memory can be had.
pub fn init() -> Result<()> {
    CLOCK.base.store(arch::tsc(), Ordering::Relaxed);
    CLOCK.factor.store(factor(arch::tsc_hz()), Ordering::Relaxed);
    PAGE.try_call_once(Frame::alloc_zeroed)?;
    set_realtime(arch::rtc_read().saturating_mul(NANOS_PER_SEC as i64));
    CHANGES.store(0, Ordering::Relaxed);
    Ok(())
}

/// Copies the clock's parameters to the page of the vDSO.
fn publish() {
    let Some(frame) = PAGE.get() else { return };
    // SAFETY: the frame is ours for ever, zeroed, larger than the structure, and only accessed atomically.
    let page = unsafe { &*frame.as_ptr().cast::<VdsoClock>() };
    page.base.store(CLOCK.base.load(Ordering::Relaxed), Ordering::Relaxed);
    page.factor.store(CLOCK.factor.load(Ordering::Relaxed), Ordering::Relaxed);
    page.realtime_offset.store(CLOCK.realtime_offset.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// The page that starts with a [`VdsoClock`], to be mapped read-only into every program.
///
/// # Panics
/// Before [`init`].
pub fn vdso_data() -> &'static Frame {
    PAGE.get().expect("programs start after the clocks")
}

/// Nanoseconds that so many counts take.
#[inline]
pub fn cycles_to_ns(cycles: u64) -> u64 {
    let factor = CLOCK.factor.load(Ordering::Relaxed);
    ((u128::from(cycles) * u128::from(factor)) >> 32) as u64
}

/// The time since boot.
#[inline]
pub fn now() -> Instant {
    Instant::from_nanos(cycles_to_ns(arch::tsc().wrapping_sub(CLOCK.base.load(Ordering::Relaxed))))
}

/// Nanoseconds since 1970.
#[inline]
pub fn realtime_ns() -> i64 {
    now().as_nanos() as i64 + realtime_offset()
}

/// Nanoseconds from the time since boot to the time since 1970.
#[inline]
pub fn realtime_offset() -> i64 {
    CLOCK.realtime_offset.load(Ordering::Relaxed)
}

/// Sets the wall clock: it is `nanoseconds` since 1970 now.
pub fn set_realtime(nanoseconds: i64) {
    CLOCK.realtime_offset.store(nanoseconds.saturating_sub(now().as_nanos() as i64), Ordering::Relaxed);
    publish();
    CHANGES.fetch_add(1, Ordering::Release);
    CLOCK_SET.wake_all();
}

/// How often the wall clock was set since boot.
#[inline]
pub fn clock_changes() -> u64 {
    CHANGES.load(Ordering::Acquire)
}
