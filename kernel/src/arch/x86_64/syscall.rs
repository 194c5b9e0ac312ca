//! Which system calls the entry stub answers itself, and which need no full frame.

use core::sync::atomic::{AtomicU8, Ordering};

use super::cpu;
use super::percpu::FAST_SLOTS;

/// Numbers below this can be fast or lean.
pub const TABLE_SIZE: usize = 512;
/// The call needs the full frame.
const FULL: u8 = 0;
/// The call leaves the callee-saved registers alone.
const LEAN: u8 = 1;

/// What entry.S does with each number: [`FULL`], [`LEAN`], or eight times the slot of a fast value.
#[no_mangle]
static SYSCALL_KINDS: [AtomicU8; TABLE_SIZE] = [const { AtomicU8::new(FULL) }; TABLE_SIZE];

/// System call `number` returns `fast_values[slot - 1]` of the thread, straight from the entry stub.
///
/// # Panics
/// If the number or the slot is out of range: both are constants of the personality.
pub fn set_fast_call(number: usize, slot: impl Into<usize>) {
    let slot = slot.into();
    assert!((1..=FAST_SLOTS).contains(&slot));
    SYSCALL_KINDS[number].store((slot * 8) as u8, Ordering::Relaxed);
}

/// System call `number` neither reads nor changes any register of the frame but its arguments and `rax`: the
/// stub saves a short frame. Pending work still sees a full frame.
pub fn set_lean_call(number: usize) {
    SYSCALL_KINDS[number].store(LEAN, Ordering::Relaxed);
}

extern "C" {
    fn syscall_entry();
    fn syscall_entry_intercepted();
}

/// Where SYSCALL leads.
pub(super) fn entry(intercepted: bool) -> u64 {
    let entry: unsafe extern "C" fn() = if intercepted { syscall_entry_intercepted } else { syscall_entry };
    entry as usize as u64
}

/// From now on system calls on this CPU go, all of them, to
/// [`intercepted_call`](crate::user::Personality::intercepted_call), or no longer. With interrupts off.
pub fn set_interception(on: bool) {
    // SAFETY: both are entries for system calls.
    unsafe { cpu::wrmsr(cpu::MSR_LSTAR, entry(on)) };
}
