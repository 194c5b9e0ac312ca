//! Interrupt lines of devices.

use core::sync::atomic::{AtomicPtr, Ordering};

/// ISA interrupt lines.
pub const LINES: usize = 16;

static HANDLERS: [AtomicPtr<()>; LINES] = [const { AtomicPtr::new(core::ptr::null_mut()) }; LINES];

/// Calls `handler` (interrupts off, no sleeping) whenever ISA line `line` fires, and lets the line through.
/// A later registration replaces the earlier one.
///
/// # Panics
/// If there is no such line.
pub fn register(line: u8, handler: fn()) {
    HANDLERS[usize::from(line)].store(handler as *mut (), Ordering::Release);
}
