//! Interrupts: which vectors there are, who handles them, which controller they come through.
//!
//! Through the I/O APIC where ACPI tells of one, through the 8259 otherwise. The vectors are the same.

use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use super::{acpi, apic, ipi, percpu, pic, timer};

/// ISA interrupt lines.
pub const LINES: usize = 16;
/// The vector of line 0.
const FIRST_LINE: u8 = 0x20;
/// The local APIC's timer.
pub(super) const TIMER_VECTOR: u8 = 0xe0;
/// What the local APIC raises when an interrupt was withdrawn. Not acknowledged.
const SPURIOUS_VECTOR: u8 = 0xff;

static HANDLERS: [AtomicPtr<()>; LINES] = [const { AtomicPtr::new(core::ptr::null_mut()) }; LINES];
static COUNTS: [AtomicU64; LINES] = [const { AtomicU64::new(0) }; LINES];
static TIMER_COUNT: AtomicU64 = AtomicU64::new(0);

/// Sets the controllers up, everything masked. Interrupts stay off until the caller turns them on.
pub(super) fn init() {
    let platform = acpi::platform();
    pic::init(FIRST_LINE);
    apic::find_local(platform);
    init_this_cpu();
    apic::init_io(platform);
    if apic::present() && !apic::io_present() {
        apic::accept_external();
    }
    let controller = if apic::io_present() { "I/O APIC" } else { "8259" };
    let timer = if apic::present() { "local APIC" } else { "8254" };
    log::debug!("interrupts through the {controller}, timer of the {timer}");
}

/// Sets the running CPU's own controller up.
pub(super) fn init_this_cpu() {
    apic::init_local(SPURIOUS_VECTOR, TIMER_VECTOR);
}

/// Calls `handler` (interrupts off, no sleeping) whenever ISA line `line` fires, and lets the line through.
/// A later registration replaces the earlier one.
///
/// # Panics
/// If there is no such line.
pub fn register(line: u8, handler: fn()) {
    HANDLERS[usize::from(line)].store(handler as *mut (), Ordering::Release);
    let_through(line);
}

/// Unmasks a line.
pub(super) fn let_through(line: u8) {
    if apic::io_present() {
        apic::route(acpi::platform(), line, FIRST_LINE + line);
    } else {
        pic::unmask(line);
    }
}

/// How often each line fired, and the timer.
pub fn counts() -> ([u64; LINES], u64) {
    (core::array::from_fn(|line| COUNTS[line].load(Ordering::Relaxed)), TIMER_COUNT.load(Ordering::Relaxed))
}

/// Handles the interrupt `vector`: interrupts are off. `user_mode` says what it interrupted.
pub(super) fn dispatch(vector: u8, user_mode: bool) {
    percpu::count_interrupt(true);
    match vector {
        TIMER_VECTOR => {
            TIMER_COUNT.fetch_add(1, Ordering::Relaxed);
            apic::end_of_interrupt();
            timer::on_interrupt(user_mode);
        }
        ipi::RESCHEDULE_VECTOR => apic::end_of_interrupt(),
        ipi::CALL_VECTOR => {
            apic::end_of_interrupt();
            ipi::on_call();
        }
        SPURIOUS_VECTOR => {}
        _ => match vector.checked_sub(FIRST_LINE).filter(|line| usize::from(*line) < LINES) {
            Some(line) => line_fired(line, user_mode),
            None => {
                log::warn!("interrupt with unused vector {vector:#x}");
                if apic::present() {
                    apic::end_of_interrupt();
                }
            }
        },
    }
    percpu::count_interrupt(false);
}

fn line_fired(line: u8, user_mode: bool) {
    // The lines are edge triggered or quieted by their handler, which may come after the acknowledgement.
    if apic::io_present() {
        apic::end_of_interrupt();
    } else if !pic::end_of_interrupt(line) {
        return;
    }
    COUNTS[usize::from(line)].fetch_add(1, Ordering::Relaxed);
    if timer::is_line(line) {
        return timer::on_interrupt(user_mode);
    }
    let handler = HANDLERS[usize::from(line)].load(Ordering::Acquire);
    if handler.is_null() {
        return;
    }
    // SAFETY: only `register` stores here, and only such functions.
    let handler = unsafe { core::mem::transmute::<*mut (), fn()>(handler) };
    handler();
}
