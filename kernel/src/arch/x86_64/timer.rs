//! The one-shot timer interrupt that [`crate::time`] is driven by, and how fast the counters run.
//!
//! The TSC and the local APIC's timer are measured together against a clock of known frequency, the HPET or the
//! 8254. How long that takes depends on the guest's clock only, and results are rounded to what the measurement
//! can know, so a run with counted instructions repeats exactly.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::pio::{inb, outb};
use super::tsc::{tsc, BOOT_TSC, TSC_HZ};
use super::{acpi, apic, cpu, irq, phys_to_virt};

const NANOSECONDS: u64 = 1_000_000_000;
/// How long is measured.
const WINDOW_NANOSECONDS: u64 = 5_000_000;
/// Frequencies are multiples of this as far as the measurement can tell.
const GRANULE: u64 = 100_000;
/// Attempts at reading two clocks at (nearly) the same time, and at a measurement that nothing spoils.
const ATTEMPTS: u32 = 8;
/// The longest that one shot of the 8254 takes.
const PIT_LONGEST: u64 = 50_000_000;
const PIT_HZ: u64 = 1_193_182;
const PIT_LINE: u8 = 0;
const PIT_CHANNEL_0: u16 = 0x40;
const PIT_CHANNEL_2: u16 = 0x42;
const PIT_COMMAND: u16 = 0x43;
const SPEAKER: u16 = 0x61;

/// Ticks per nanosecond of the local APIC's timer, as a fraction of 2^32.
static TIMER_SCALE: AtomicU64 = AtomicU64::new(0);
/// The timer is the 8254's, for want of an APIC.
static BY_PIT: AtomicBool = AtomicBool::new(false);

/// A clock of known frequency to measure against.
enum Reference {
    /// Address of the counter, and its frequency.
    Hpet(usize, u64),
    /// Channel 2 of the 8254, counting down from 65535.
    Pit,
}

impl Reference {
    fn find() -> Self {
        Self::hpet().unwrap_or_else(|| {
            let steps = [(PIT_COMMAND, 0xb0), (PIT_CHANNEL_2, 0xff), (PIT_CHANNEL_2, 0xff)];
            // SAFETY: the 8254 and the speaker gate do not touch memory. The gate starts the count, the speaker
            // stays silent.
            unsafe {
                outb(SPEAKER, inb(SPEAKER) & !2 | 1);
                steps.into_iter().for_each(|(port, value)| outb(port, value));
            }
            Self::Pit
        })
    }

    fn hpet() -> Option<Self> {
        const CAPABILITIES: usize = 0x00;
        const CONFIGURATION: usize = 0x10;
        const COUNTER: usize = 0xf0;
        const ENABLE: u64 = 1;
        const FEMTOSECONDS: u64 = 1_000_000_000_000_000;
        let address = acpi::platform()?.hpet.filter(|&address| address != 0 && address < 4 << 30)?;
        let base = phys_to_virt(address);
        // SAFETY: ACPI says that an HPET is there; device registers below 4 GiB are mapped.
        let period = unsafe { ((base + CAPABILITIES) as *const u64).read_volatile() } >> 32;
        if !(1..=100_000_000).contains(&period) {
            return None;
        }
        let configuration = (base + CONFIGURATION) as *mut u64;
        // SAFETY: as above; starting the main counter has no other effect.
        unsafe { configuration.write_volatile(configuration.read_volatile() | ENABLE) };
        Some(Self::Hpet(base + COUNTER, FEMTOSECONDS / period))
    }

    fn hz(&self) -> u64 {
        match self {
            Self::Hpet(_, hz) => *hz,
            Self::Pit => PIT_HZ,
        }
    }

    /// Ticks since some moment.
    fn now(&self) -> u64 {
        match self {
            // SAFETY: the counter's address was found by `hpet`.
            Self::Hpet(counter, _) => unsafe { (*counter as *const u64).read_volatile() },
            // SAFETY: latching and reading the count does not touch memory.
            Self::Pit => unsafe {
                outb(PIT_COMMAND, 0x80);
                let low = u64::from(inb(PIT_CHANNEL_2));
                0xffff - (u64::from(inb(PIT_CHANNEL_2)) << 8 | low)
            },
        }
    }

    /// Has the reference gone through its range since it was started? Then what it shows is of no use.
    fn is_spent(&self) -> bool {
        const OUTPUT_2: u8 = 1 << 5;
        /// What a port reads as that nothing answers: `microvm` has no speaker. Then nobody can tell.
        const NOTHING: u8 = 0xff;
        // SAFETY: reading the port has no effect. The output rises when the count reaches 0, and stays up.
        matches!(self, Self::Pit)
            && match unsafe { inb(SPEAKER) } {
                NOTHING => false,
                port => port & OUTPUT_2 != 0,
            }
    }

    /// Reads all clocks as close together as possible: reference, TSC, timer count.
    fn sample(&self) -> (u64, u64, u64) {
        let mut best = (u64::MAX, (0, 0, 0));
        for _ in 0..ATTEMPTS {
            let before = tsc();
            let reference = self.now();
            let count = if apic::present() { u64::from(apic::timer_count()) } else { 0 };
            let after = tsc();
            if after - before < best.0 {
                best = (after - before, (reference, before + (after - before) / 2, count));
            }
        }
        best.1
    }
}

/// The TSC's frequency as CPUID says it: from the crystal (leaf 15h), or from the hypervisor.
fn tsc_hz_by_cpuid() -> Option<u64> {
    const HYPERVISOR_PRESENT: u32 = 1 << 31;
    const HYPERVISOR_TIMING: u32 = 0x4000_0010;
    let crystal = cpu::cpuid(0x15, 0);
    if crystal.eax != 0 && crystal.ebx != 0 && crystal.ecx != 0 {
        return Some(u64::from(crystal.ecx) * u64::from(crystal.ebx) / u64::from(crystal.eax));
    }
    let hypervisor = cpu::cpuid(1, 0).ecx & HYPERVISOR_PRESENT != 0;
    let timing = cpu::cpuid(HYPERVISOR_TIMING, 0);
    (hypervisor && timing.eax != 0).then(|| u64::from(timing.eax) * 1000)
}

fn rounded(frequency: u64) -> u64 {
    (frequency + GRANULE / 2) / GRANULE * GRANULE
}

/// Shows how far the reference, the TSC and the timer get in the window, and how fast the first of them is. A machine
/// that stood still for long meanwhile, because its host was busy, is measured again.
fn measure() -> (u64, u64, u64, u64) {
    let mut attempt = 0;
    loop {
        let reference = Reference::find();
        let start = reference.sample();
        let ticks = WINDOW_NANOSECONDS * reference.hz() / NANOSECONDS;
        // A reference that stands still would hold the machine here for ever; 2^33 cycles are longer than the window
        // on any CPU.
        while reference.now().wrapping_sub(start.0) < ticks && tsc().wrapping_sub(start.1) < 1 << 33 {
            core::hint::spin_loop();
        }
        let end = reference.sample();
        attempt += 1;
        if !reference.is_spent() || attempt == ATTEMPTS {
            let elapsed = end.0.wrapping_sub(start.0).max(1);
            return (elapsed, end.1.wrapping_sub(start.1), start.2.wrapping_sub(end.2), reference.hz());
        }
    }
}

/// Measures the counters' frequencies.
pub(super) fn init() {
    if apic::present() {
        apic::mask_timer(true, irq::TIMER_VECTOR);
        apic::start_timer(u32::MAX);
    }
    let (elapsed, cycles, counts, reference_hz) = measure();
    let hz =
        |ticks: u64| rounded((u128::from(ticks) * u128::from(reference_hz) / u128::from(elapsed)) as u64);
    let tsc_hz = tsc_hz_by_cpuid().unwrap_or_else(|| hz(cycles).max(GRANULE));
    TSC_HZ.store(tsc_hz, Ordering::Relaxed);
    if apic::present() {
        let timer_hz = hz(counts).max(GRANULE);
        TIMER_SCALE.store(((u128::from(timer_hz) << 32) / u128::from(NANOSECONDS)) as u64, Ordering::Relaxed);
        apic::start_timer(0);
        apic::mask_timer(false, irq::TIMER_VECTOR);
        log::debug!("TSC {} kHz, timer {} kHz", tsc_hz / 1000, timer_hz / 1000);
    } else {
        BY_PIT.store(true, Ordering::Relaxed);
        irq::let_through(PIT_LINE);
        log::debug!("TSC {} kHz, timer of the 8254", tsc_hz / 1000);
    }
}

/// Notes the TSC at boot, from which log times count.
pub(super) fn note_boot() {
    BOOT_TSC.store(tsc(), Ordering::Relaxed);
}

/// Asks for a timer interrupt after `nanoseconds`, instead of the one asked for before. It may come early where
/// the time is longer than the hardware can count: the handler asks again.
#[inline]
pub fn arm(nanoseconds: u64) {
    if BY_PIT.load(Ordering::Relaxed) {
        return arm_pit(nanoseconds);
    }
    let ticks = (u128::from(nanoseconds) * u128::from(TIMER_SCALE.load(Ordering::Relaxed))) >> 32;
    apic::start_timer(u32::try_from(ticks).unwrap_or(u32::MAX).max(1));
}

/// Takes back what [`arm`] asked for. The 8254's last shot still comes.
pub fn disarm() {
    if !BY_PIT.load(Ordering::Relaxed) {
        apic::start_timer(0);
    }
}

fn arm_pit(nanoseconds: u64) {
    let ticks = (nanoseconds.min(PIT_LONGEST) * PIT_HZ / NANOSECONDS).max(2) as u16;
    let [low, high] = ticks.to_le_bytes();
    let enabled = cpu::irq_disable_save();
    // SAFETY: the 8254 does not touch memory; channel 0 in mode 0 counts down once.
    unsafe {
        outb(PIT_COMMAND, 0x30);
        outb(PIT_CHANNEL_0, low);
        outb(PIT_CHANNEL_0, high);
    }
    cpu::irq_restore(enabled);
}

/// Does the timer's interrupt come through this ISA line?
pub(super) fn is_line(line: u8) -> bool {
    line == PIT_LINE && BY_PIT.load(Ordering::Relaxed)
}

/// The timer fired.
pub(super) fn on_interrupt(user_mode: bool) {
    crate::time::on_timer_interrupt(user_mode);
}
