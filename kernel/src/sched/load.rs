//! The load averages of the last one, five and fifteen minutes.

use super::cpu;
use crate::sync::{IrqLock, Rank};
use crate::time;
use core::sync::atomic::{AtomicU64, Ordering};

/// Nanoseconds between samples.
const PERIOD: u64 = 5_000_000_000;
/// Bits after the point.
const POINT: u32 = 11;
/// What is left of an average after one period without load: e^(−5 s / 1, 5, 15 min).
const DECAY: [u64; 3] = [1884, 2014, 2037];
/// After so many periods nothing is left of the longest average.
const FORGOTTEN: u64 = 4000;

static NEXT: AtomicU64 = AtomicU64::new(PERIOD);
static AVERAGES: IrqLock<[u64; 3]> = IrqLock::with_rank(Rank::Leaf, [0; 3]);

/// Threads that run or could run.
pub fn runnable_threads() -> usize {
    let runs = |cpu: &cpu::Cpu| {
        cpu.queued.load(Ordering::Relaxed) as usize + usize::from(!cpu.is_idle.load(Ordering::Relaxed))
    };
    cpu::all().map(runs).sum()
}

fn decay(averages: &mut [u64; 3], active: u64) {
    for (average, decay) in averages.iter_mut().zip(DECAY) {
        let one = 1 << POINT;
        // Rounded up while it rises, so that a steady load is reached.
        let round = if active * one > *average { one - 1 } else { 0 };
        *average = (*average * decay + active * one * (one - decay) + round) / one;
    }
}

/// Takes a sample if one is due. Runs at the timer's ticks.
pub(super) fn update() {
    sample(runnable_threads() as u64);
}

/// Takes the samples that were due while this CPU was idle.
pub(super) fn update_after_idle() {
    let others = runnable_threads().saturating_sub(cpu::this().queued.load(Ordering::Relaxed) as usize);
    sample(others as u64);
}

fn sample(active: u64) {
    let now = time::now().as_nanos();
    let due = NEXT.load(Ordering::Relaxed);
    if now < due {
        return;
    }
    let periods = (now - due) / PERIOD + 1;
    if NEXT.compare_exchange(due, due + periods * PERIOD, Ordering::Relaxed, Ordering::Relaxed).is_err() {
        return;
    }
    let mut averages = AVERAGES.lock();
    for _ in 1..periods.min(FORGOTTEN) {
        decay(&mut averages, 0);
    }
    decay(&mut averages, active);
}

/// The averages over one, five and fifteen minutes, in units of 1/65536 (as sysinfo(2) gives them).
pub fn load_averages() -> [u64; 3] {
    AVERAGES.lock().map(|average| average << (16 - POINT))
}
