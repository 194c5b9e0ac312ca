//! The end: registers, a backtrace with names, and then what `panic=` says.
//!
//! `panic=0` (the default) halts; `panic=-1` restarts at once (which ends QEMU where it runs with
//! `-no-reboot`); `panic=N` restarts after N seconds.

use core::arch::asm;
use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

use super::frame::UserFrame;
use super::{cpu, power, symbols, tsc, PHYS_MAP};
use crate::klog::emergency;

/// Frames shown, at most.
const DEPTH: usize = 32;
const NANOSECONDS: u64 = 1_000_000_000;

/// Panics that have begun: one may come out of another.
static DEPTH_OF_PANIC: AtomicU32 = AtomicU32::new(0);

/// Reads a word of kernel memory that may not be there.
fn probe(address: usize) -> Option<usize> {
    if address < PHYS_MAP || address % align_of::<usize>() != 0 {
        return None;
    }
    let mut word = 0usize;
    // SAFETY: the destination is ours; a fault at the source ends the copy through the fix-up table.
    let left = unsafe { super::usercopy::probe_kernel((&raw mut word).cast(), address, size_of::<usize>()) };
    (left == 0).then_some(word)
}

fn show_place(address: usize) {
    match symbols::lookup(address) {
        Some((name, offset)) => emergency(format_args!("  {address:#018x} {name}+{offset:#x}")),
        None => emergency(format_args!("  {address:#018x}")),
    }
}

/// Shows who called whom, beginning with the frame that `rbp` points to.
fn backtrace(mut rbp: usize) {
    for _ in 0..DEPTH {
        let (Some(next), Some(return_address)) = (probe(rbp), probe(rbp.wrapping_add(8))) else { return };
        if return_address < PHYS_MAP {
            return;
        }
        // The call itself: the return address may already be another function's.
        show_place(return_address - 1);
        if next <= rbp {
            // Frames lie one above the other, but for a change of stacks, which only goes upwards once.
            return;
        }
        rbp = next;
    }
}

fn show_registers(frame: &UserFrame) {
    let f = frame;
    emergency(format_args!("rip {:016x}  rsp {:016x}  rflags {:08x}  cs {:x}", f.rip, f.rsp, f.rflags, f.cs));
    emergency(format_args!("rax {:016x}  rbx {:016x}  rcx {:016x}  rdx {:016x}", f.rax, f.rbx, f.rcx, f.rdx));
    emergency(format_args!("rsi {:016x}  rdi {:016x}  rbp {:016x}  r8  {:016x}", f.rsi, f.rdi, f.rbp, f.r8));
    emergency(format_args!("r9  {:016x}  r10 {:016x}  r11 {:016x}  r12 {:016x}", f.r9, f.r10, f.r11, f.r12));
    emergency(format_args!("r13 {:016x}  r14 {:016x}  r15 {:016x}", f.r13, f.r14, f.r15));
}

/// Ends the kernel with a message; with registers where a trap brought us here.
pub fn fatal(message: fmt::Arguments, frame: Option<&UserFrame>) -> ! {
    cpu::irq_disable();
    super::ipi::stop_others();
    match DEPTH_OF_PANIC.fetch_add(1, Ordering::Relaxed) {
        0 => report(message, frame),
        1 => emergency(format_args!("and in the report: {message}")),
        _ => cpu::halt_forever(),
    }
    finish()
}

/// Ends a start that cannot succeed: what the machine or its owner can change, not the kernel's fault. Then what
/// `panic=` says.
pub fn give_up(message: fmt::Arguments) -> ! {
    cpu::irq_disable();
    emergency(format_args!("Exo-OS cannot start: {message}"));
    finish()
}

fn report(message: fmt::Arguments, frame: Option<&UserFrame>) {
    emergency(format_args!("kernel panic: {message}"));
    emergency(format_args!("cpu {}, thread {:?}", super::cpu_id(), super::percpu::current_thread()));
    emergency(format_args!("backtrace:"));
    if let Some(frame) = frame {
        show_place(frame.rip as usize);
        backtrace(frame.rbp as usize);
        show_registers(frame);
    } else {
        let rbp;
        // SAFETY: only reads the register.
        unsafe { asm!("mov {}, rbp", out(reg) rbp, options(nomem, nostack, preserves_flags)) };
        backtrace(rbp);
    }
}

fn finish() -> ! {
    let wait: i64 = crate::params::get("panic").and_then(|value| value.parse().ok()).unwrap_or(0);
    match u64::try_from(wait) {
        Ok(0) => {
            emergency(format_args!("halted"));
            cpu::halt_forever()
        }
        Ok(seconds) => {
            emergency(format_args!("restarting in {seconds} s"));
            let start = tsc::nanoseconds();
            while tsc::tsc_hz() != 0 && tsc::nanoseconds() - start < seconds.saturating_mul(NANOSECONDS) {
                core::hint::spin_loop();
            }
            power::reboot()
        }
        Err(_) => power::reboot(),
    }
}

/// What `#[panic_handler]` calls.
pub fn rust_panic(info: &core::panic::PanicInfo) -> ! {
    match info.location() {
        Some(place) => fatal(format_args!("{} at {place}", info.message()), None),
        None => fatal(format_args!("{}", info.message()), None),
    }
}
