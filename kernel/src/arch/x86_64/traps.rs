//! Exceptions and interrupts, as `entry.S` hands them over, and the work before a return to user mode.

use core::arch::asm;
use core::sync::atomic::Ordering;

use super::descriptors::{DOUBLE_FAULT, MACHINE_CHECK, NMI};
use super::frame::UserFrame;
use super::{cpu, ipi, irq, panic, percpu, KERNEL_IMAGE, USER_TOP};
use crate::mm::fault::code;
use crate::mm::FaultKind;
use crate::user::{personality, Exception};

const DEVICE_NOT_AVAILABLE: u64 = 7;
const GENERAL_PROTECTION: u64 = 13;
const PAGE_FAULT: u64 = 14;
/// The first vector that is an interrupt, not an exception.
const FIRST_INTERRUPT: u64 = 32;

const NAMES: [&str; 32] = [
    "divide error",
    "debug",
    "non-maskable interrupt",
    "breakpoint",
    "overflow",
    "bound range exceeded",
    "invalid opcode",
    "device not available",
    "double fault",
    "coprocessor segment overrun",
    "invalid TSS",
    "segment not present",
    "stack fault",
    "general protection fault",
    "page fault",
    "reserved (15)",
    "floating-point error",
    "alignment check",
    "machine check",
    "SIMD floating-point error",
    "virtualisation exception",
    "control protection",
    "reserved (22)",
    "reserved (23)",
    "reserved (24)",
    "reserved (25)",
    "reserved (26)",
    "reserved (27)",
    "hypervisor injection",
    "VMM communication",
    "security exception",
    "reserved (31)",
];

/// What an exception vector is called.
pub fn exception_name(vector: u64) -> &'static str {
    NAMES.get(vector as usize).copied().unwrap_or("interrupt")
}

/// A line of `.ex_table`: a fault at the first address goes on at the second.
#[repr(C)]
struct Fixup {
    at: usize,
    to: usize,
}

extern "C" {
    static __ex_table_start: Fixup;
    static __ex_table_end: Fixup;
}

fn find_fixup(rip: u64) -> Option<u64> {
    let start = &raw const __ex_table_start;
    let count = (&raw const __ex_table_end as usize - start as usize) / size_of::<Fixup>();
    // SAFETY: the linker collected the table between the two symbols.
    let table = unsafe { core::slice::from_raw_parts(start, count) };
    table.iter().find(|fixup| fixup.at as u64 == rip).map(|fixup| fixup.to as u64)
}

fn fault_address() -> usize {
    let address;
    // SAFETY: only reads the register.
    unsafe { asm!("mov {}, cr2", out(reg) address, options(nomem, nostack, preserves_flags)) };
    address
}

#[no_mangle]
extern "C" fn syscall_dispatch(frame: &mut UserFrame) {
    personality().system_call(frame);
}

#[no_mangle]
extern "C" fn syscall_intercepted(frame: &mut UserFrame) {
    personality().intercepted_call(frame);
}

/// Does what the thread has to do before it returns to user mode. Called and left with interrupts off.
#[no_mangle]
extern "C" fn user_return_work(frame: &mut UserFrame) {
    let work = percpu::work();
    loop {
        // The flag goes before the work is done, so that a request in the meantime is not lost.
        let flags = work.fetch_and(!percpu::ATTENTION, Ordering::AcqRel);
        if flags == 0 {
            return;
        }
        cpu::irq_enable();
        if flags & percpu::NEED_RESCHED != 0 {
            crate::sched::reschedule();
        }
        if flags & percpu::ATTENTION != 0 {
            personality().attention(frame);
        }
        cpu::irq_disable();
    }
}

/// The thread wants to go on at an address that is not a user address: what a jump there would have raised.
#[no_mangle]
extern "C" fn user_return_outside(frame: &mut UserFrame) {
    let exception =
        Exception { vector: GENERAL_PROTECTION as u8, error: 0, address: frame.rip as usize, fault: None };
    personality().exception(frame, exception);
}

#[no_mangle]
extern "C" fn trap_from_user(vector: u64, error: u64, frame: &mut UserFrame) {
    if vector >= FIRST_INTERRUPT {
        return irq::dispatch(vector as u8, true);
    }
    let mut exception = Exception { vector: vector as u8, error, address: frame.rip as usize, fault: None };
    if vector == PAGE_FAULT {
        let address = fault_address();
        cpu::irq_enable();
        // An access that the CPU made in the kernel's name, to a page that is there: trying again would not end.
        let implied = error & (code::PRESENT | code::USER) == code::PRESENT;
        let result = if implied { Err(FaultKind::Denied) } else { crate::mm::fault::handle(address, error) };
        match result {
            Ok(()) => return,
            Err(fault) => {
                exception.address = address;
                exception.fault = Some(fault);
            }
        }
    } else {
        cpu::irq_enable();
        if vector == DEVICE_NOT_AVAILABLE {
            // As with memory that is touched for the first time: there may be none left.
            match crate::sched::current().use_fpu() {
                Ok(()) => return,
                Err(_) => exception.fault = Some(FaultKind::NoMemory),
            }
        }
    }
    personality().exception(frame, exception);
}

#[no_mangle]
extern "C" fn trap_from_kernel(vector: u64, error: u64, frame: &mut UserFrame) {
    if vector >= FIRST_INTERRUPT {
        return irq::dispatch(vector as u8, false);
    }
    let fixup = find_fixup(frame.rip);
    if vector == PAGE_FAULT {
        let address = fault_address();
        if fixup.is_some() && address < USER_TOP && !percpu::in_interrupt() {
            // The access is one that may fault; the memory may be there after all (and getting it may sleep).
            let interrupts_were_on = frame.rflags & super::frame::INTERRUPT_FLAG != 0;
            cpu::irq_restore(interrupts_were_on);
            let resolved = crate::mm::fault::handle(address, error).is_ok();
            cpu::irq_disable();
            if resolved {
                return;
            }
        }
    }
    // The registers are moved from and to user memory; somebody else had them while a page of it was got.
    if fixup.is_some() && vector == DEVICE_NOT_AVAILABLE && crate::sched::current().use_fpu().is_ok() {
        return;
    }
    match fixup {
        Some(to) if vector == PAGE_FAULT || vector == GENERAL_PROTECTION => frame.rip = to,
        _ => die(vector, error, frame),
    }
}

#[no_mangle]
extern "C" fn trap_paranoid(vector: u64, error: u64, frame: &mut UserFrame) {
    match vector {
        // It may have interrupted whoever holds the log.
        NMI if ipi::is_stopping() => cpu::halt_forever(),
        NMI => crate::klog::emergency(format_args!("non-maskable interrupt at {:#x}", frame.rip)),
        DOUBLE_FAULT | MACHINE_CHECK => die(vector, error, frame),
        _ => unreachable!("only three gates lead to `paranoid`"),
    }
}

fn die(vector: u64, error: u64, frame: &UserFrame) -> ! {
    let address = fault_address();
    let overflow = vector == DOUBLE_FAULT && (super::KERNEL_VIRT..KERNEL_IMAGE).contains(&address);
    let hint = if overflow { " (is the kernel stack full?)" } else { "" };
    panic::fatal(
        format_args!("{}{hint}, error {error:#x}, address {address:#x}", exception_name(vector)),
        Some(frame),
    )
}
