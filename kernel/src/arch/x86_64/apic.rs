//! The local APIC (Intel SDM vol. 3, 11) and the I/O APIC (82093AA data sheet): interrupts from devices, and the
//! one-shot timer.

use core::sync::atomic::{AtomicUsize, Ordering};

use super::cpu::{self, feature};
use super::phys_to_virt;
use firmware::acpi::Platform;

const MSR_APIC_BASE: u32 = 0x1b;
const APIC_ENABLED: u64 = 1 << 11;

mod register {
    pub const ID: usize = 0x20;
    pub const TASK_PRIORITY: usize = 0x80;
    pub const END_OF_INTERRUPT: usize = 0xb0;
    pub const SPURIOUS: usize = 0xf0;
    pub const TIMER: usize = 0x320;
    pub const LINE_0: usize = 0x350;
    pub const LINE_1: usize = 0x360;
    pub const ERROR: usize = 0x370;
    pub const INITIAL_COUNT: usize = 0x380;
    pub const CURRENT_COUNT: usize = 0x390;
    pub const DIVIDE: usize = 0x3e0;
}

const MASKED: u32 = 1 << 16;
const NMI_DELIVERY: u32 = 4 << 8;
const SOFTWARE_ENABLE: u32 = 1 << 8;
const DIVIDE_BY_1: u32 = 0xb;

/// Where the local APIC's registers are mapped; 0 if there is none.
static LOCAL: AtomicUsize = AtomicUsize::new(0);
/// Where the I/O APIC's registers are mapped; 0 if there is none.
static IO: AtomicUsize = AtomicUsize::new(0);

/// Is there a local APIC?
pub(super) fn present() -> bool {
    LOCAL.load(Ordering::Relaxed) != 0
}

/// Do interrupts come through the I/O APIC?
pub(super) fn io_present() -> bool {
    IO.load(Ordering::Relaxed) != 0
}

fn write(register: usize, value: u32) {
    let base = LOCAL.load(Ordering::Relaxed);
    // SAFETY: only called when the APIC is present; its registers do not change memory.
    unsafe { ((base + register) as *mut u32).write_volatile(value) };
}

fn read(register: usize) -> u32 {
    let base = LOCAL.load(Ordering::Relaxed);
    // SAFETY: as above.
    unsafe { ((base + register) as *const u32).read_volatile() }
}

/// Enables the running CPU's local APIC, all its own sources masked.
pub(super) fn init_local(platform: Option<&Platform>, spurious_vector: u8, timer_vector: u8) {
    if !cpu::has(feature::APIC) {
        return;
    }
    // SAFETY: a CPU with an APIC has the register.
    let base = unsafe { cpu::rdmsr(MSR_APIC_BASE) };
    let address = platform.and_then(|p| p.local_apic).unwrap_or(base & 0xf_ffff_f000);
    if base & APIC_ENABLED == 0 || address >= 4 << 30 {
        return;
    }
    LOCAL.store(phys_to_virt(address), Ordering::Relaxed);
    write(register::TASK_PRIORITY, 0);
    write(register::LINE_0, MASKED);
    write(register::LINE_1, NMI_DELIVERY);
    write(register::ERROR, MASKED);
    write(register::DIVIDE, DIVIDE_BY_1);
    write(register::TIMER, u32::from(timer_vector));
    write(register::SPURIOUS, SOFTWARE_ENABLE | u32::from(spurious_vector));
}

/// Lets external interrupts of the 8259 through the local APIC (where there is no I/O APIC).
pub(super) fn accept_external() {
    const EXTERNAL_DELIVERY: u32 = 7 << 8;
    write(register::LINE_0, EXTERNAL_DELIVERY);
}

/// The interrupt is handled.
#[inline]
pub(super) fn end_of_interrupt() {
    write(register::END_OF_INTERRUPT, 0);
}

/// Starts the timer: one interrupt after `count` ticks, none if 0.
#[inline]
pub(super) fn start_timer(count: u32) {
    write(register::INITIAL_COUNT, count);
}

/// Ticks that are left.
pub(super) fn timer_count() -> u32 {
    read(register::CURRENT_COUNT)
}

/// Is the timer's interrupt masked while it is being measured?
pub(super) fn mask_timer(masked: bool, vector: u8) {
    write(register::TIMER, u32::from(vector) | if masked { MASKED } else { 0 });
}

const IO_SELECT: usize = 0;
const IO_WINDOW: usize = 0x10;
const IO_VERSION: u32 = 1;
const IO_REDIRECTION: u32 = 0x10;

fn io_write(register: u32, value: u32) {
    let base = IO.load(Ordering::Relaxed);
    // SAFETY: only called when the I/O APIC is present; callers have interrupts off, so that nothing comes
    // between choosing the register and writing it.
    unsafe {
        ((base + IO_SELECT) as *mut u32).write_volatile(register);
        ((base + IO_WINDOW) as *mut u32).write_volatile(value);
    }
}

fn io_read(register: u32) -> u32 {
    let base = IO.load(Ordering::Relaxed);
    // SAFETY: as above.
    unsafe {
        ((base + IO_SELECT) as *mut u32).write_volatile(register);
        ((base + IO_WINDOW) as *const u32).read_volatile()
    }
}

/// Finds the I/O APIC and masks all its inputs.
pub(super) fn init_io(platform: Option<&Platform>) {
    let Some((address, _)) = platform.and_then(|p| p.io_apic).filter(|_| present()) else { return };
    IO.store(phys_to_virt(address), Ordering::Relaxed);
    let last = io_read(IO_VERSION) >> 16 & 0xff;
    for input in 0..=last {
        io_write(IO_REDIRECTION + 2 * input, MASKED);
    }
}

/// Sends an ISA line's interrupts to the boot CPU as `vector`.
pub(super) fn route(platform: Option<&Platform>, line: u8, vector: u8) {
    const ACTIVE_LOW: u32 = 1 << 13;
    const LEVEL: u32 = 1 << 15;
    let first = platform.and_then(|p| p.io_apic).map_or(0, |(_, first)| first);
    let exception = platform.and_then(|p| p.overrides[usize::from(line)]);
    let (gsi, flags) = match exception {
        Some(o) => (o.gsi, if o.active_low { ACTIVE_LOW } else { 0 } | if o.level { LEVEL } else { 0 }),
        None => (u32::from(line), 0),
    };
    let Some(input) = gsi.checked_sub(first) else { return };
    let enabled = cpu::irq_disable_save();
    io_write(IO_REDIRECTION + 2 * input + 1, read(register::ID) & 0xff00_0000);
    io_write(IO_REDIRECTION + 2 * input, u32::from(vector) | flags);
    cpu::irq_restore(enabled);
}
