//! The local APIC (Intel SDM vol. 3, 11) and the I/O APIC (82093AA data sheet): interrupts from devices and other
//! CPUs, and the one-shot timer. Where the CPU has the x2APIC, the local one is reached by its registers
//! (vol. 3, 11.12), otherwise in memory.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::cpu::{self, feature};
use super::phys_to_virt;
use firmware::acpi::Platform;

const MSR_APIC_BASE: u32 = 0x1b;
const APIC_ENABLED: u64 = 1 << 11;
const X2APIC_ENABLED: u64 = 1 << 10;
/// The register that stands for the first in memory; the next stands for the one 16 bytes above.
const MSR_X2APIC: u32 = 0x800;
/// Where the register for commands to other CPUs lies as one word.
const MSR_COMMAND: u32 = 0x830;

mod register {
    pub const ID: usize = 0x20;
    pub const TASK_PRIORITY: usize = 0x80;
    pub const END_OF_INTERRUPT: usize = 0xb0;
    pub const SPURIOUS: usize = 0xf0;
    pub const COMMAND: usize = 0x300;
    pub const COMMAND_TARGET: usize = 0x310;
    pub const TIMER: usize = 0x320;
    pub const LINE_0: usize = 0x350;
    pub const LINE_1: usize = 0x360;
    pub const ERROR: usize = 0x370;
    pub const INITIAL_COUNT: usize = 0x380;
    pub const CURRENT_COUNT: usize = 0x390;
    pub const DIVIDE: usize = 0x3e0;
}

const MASKED: u32 = 1 << 16;
/// Ways to deliver an interrupt, beside the common one.
pub(super) const NMI_DELIVERY: u32 = 4 << 8;
/// Resets the CPU; the level has to be told.
pub(super) const INIT: u32 = 5 << 8 | LEVEL_ASSERT;
/// Starts a reset CPU at the page whose number is the vector.
pub(super) const START_UP: u32 = 6 << 8 | LEVEL_ASSERT;
const LEVEL_ASSERT: u32 = 1 << 14;
const COMMAND_PENDING: u32 = 1 << 12;
const SOFTWARE_ENABLE: u32 = 1 << 8;
const DIVIDE_BY_1: u32 = 0xb;

/// Where the local APIC's registers are mapped; 0 if there is none.
static LOCAL: AtomicUsize = AtomicUsize::new(0);
/// The local APIC is in x2APIC mode, on every CPU.
static BY_REGISTERS: AtomicBool = AtomicBool::new(false);
/// Where the I/O APIC's registers are mapped; 0 if there is none.
static IO: AtomicUsize = AtomicUsize::new(0);
/// Held from choosing one of its registers to using it. Interrupts are off meanwhile.
static IO_WINDOW_LOCK: spin::Mutex<()> = spin::Mutex::new(());

/// Is there a local APIC?
pub(super) fn present() -> bool {
    LOCAL.load(Ordering::Relaxed) != 0
}

/// Do interrupts come through the I/O APIC?
pub(super) fn io_present() -> bool {
    IO.load(Ordering::Relaxed) != 0
}

fn write(register: usize, value: u32) {
    if BY_REGISTERS.load(Ordering::Relaxed) {
        // SAFETY: the mode has this register, and it does not change memory.
        return unsafe { cpu::wrmsr(MSR_X2APIC + (register >> 4) as u32, u64::from(value)) };
    }
    let base = LOCAL.load(Ordering::Relaxed);
    // SAFETY: only called when the APIC is present; its registers do not change memory.
    unsafe { ((base + register) as *mut u32).write_volatile(value) };
}

fn read(register: usize) -> u32 {
    if BY_REGISTERS.load(Ordering::Relaxed) {
        // SAFETY: the mode has this register.
        return unsafe { cpu::rdmsr(MSR_X2APIC + (register >> 4) as u32) } as u32;
    }
    let base = LOCAL.load(Ordering::Relaxed);
    // SAFETY: as above.
    unsafe { ((base + register) as *const u32).read_volatile() }
}

/// Finds the local APIC: the mode and the place are the same on every CPU.
pub(super) fn find_local(platform: Option<&Platform>) {
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
    BY_REGISTERS.store(cpu::has(feature::X2APIC) || base & X2APIC_ENABLED != 0, Ordering::Relaxed);
}

/// Enables the running CPU's local APIC, all its own sources masked.
pub(super) fn init_local(spurious_vector: u8, timer_vector: u8) {
    if !present() {
        return;
    }
    if BY_REGISTERS.load(Ordering::Relaxed) {
        // SAFETY: a CPU with an APIC has the register, and this one has the mode.
        unsafe { cpu::wrmsr(MSR_APIC_BASE, cpu::rdmsr(MSR_APIC_BASE) | APIC_ENABLED | X2APIC_ENABLED) };
    }
    write(register::TASK_PRIORITY, 0);
    write(register::LINE_0, MASKED);
    write(register::LINE_1, NMI_DELIVERY);
    write(register::ERROR, MASKED);
    write(register::DIVIDE, DIVIDE_BY_1);
    write(register::TIMER, u32::from(timer_vector));
    write(register::SPURIOUS, SOFTWARE_ENABLE | u32::from(spurious_vector));
}

/// The number of the running CPU's local APIC.
pub(super) fn id() -> u32 {
    match (present(), BY_REGISTERS.load(Ordering::Relaxed)) {
        (false, _) => 0,
        (true, true) => read(register::ID),
        (true, false) => read(register::ID) >> 24,
    }
}

/// Can the local APIC with this number be reached?
pub(super) fn can_reach(apic_id: u32) -> bool {
    apic_id < 0xff || BY_REGISTERS.load(Ordering::Relaxed)
}

/// Sends an interrupt (a vector, or one of the other ways of delivery) to another CPU.
pub(super) fn send(apic_id: u32, command: u32) {
    if BY_REGISTERS.load(Ordering::Relaxed) {
        // What was written to memory before is to be seen by who is interrupted: writing the register orders
        // nothing by itself.
        core::sync::atomic::fence(Ordering::SeqCst);
        // SAFETY: the mode has this register; what the interrupt does is the sender's concern.
        return unsafe { cpu::wrmsr(MSR_COMMAND, u64::from(apic_id) << 32 | u64::from(command)) };
    }
    let enabled = cpu::irq_disable_save();
    write(register::COMMAND_TARGET, apic_id << 24);
    write(register::COMMAND, command);
    while read(register::COMMAND) & COMMAND_PENDING != 0 {
        core::hint::spin_loop();
    }
    cpu::irq_restore(enabled);
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
    // SAFETY: only called when the I/O APIC is present; callers hold the lock (or are alone, at boot), so that
    // nothing comes between choosing the register and writing it.
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

/// Sends an ISA line's interrupts to the running CPU as `vector`.
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
    let window = IO_WINDOW_LOCK.lock();
    io_write(IO_REDIRECTION + 2 * input + 1, id() << 24);
    io_write(IO_REDIRECTION + 2 * input, u32::from(vector) | flags);
    drop(window);
    cpu::irq_restore(enabled);
}
