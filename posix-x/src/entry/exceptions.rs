//! From the CPU's exceptions to signals.

use exo_kernel::arch::UserFrame;
use exo_kernel::mm::FaultKind;
use exo_kernel::sched;
use exo_kernel::user::Exception;

use crate::mm::oom;
use crate::process::Task;
use crate::signal::{self, code, Info, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};

/// Offset of MXCSR and of the x87 control and status words in an FXSAVE image.
const MXCSR: usize = 24;
const X87_CONTROL: usize = 0;
const X87_STATUS: usize = 2;

/// Sends the signal that the exception stands for.
pub fn handle(task: &Task, frame: &UserFrame, exception: &Exception) {
    if exception.fault == Some(FaultKind::NoMemory) {
        oom::out_of_memory(task);
        return;
    }
    let at = frame.rip as usize;
    let info = match exception.vector {
        0 => Info::fault(SIGFPE, code::FPE_INTDIV, at),
        1 => Info::fault(SIGTRAP, code::TRAP_TRACE, at),
        3 => Info::kernel(SIGTRAP),
        6 => Info::fault(SIGILL, code::ILL_ILLOPN, at),
        11 | 12 => Info::kernel(SIGBUS),
        14 => page_fault(exception),
        16 => Info::fault(SIGFPE, x87_code(), at),
        17 => Info::fault(SIGBUS, code::BUS_ADRALN, 0),
        19 => Info::fault(SIGFPE, simd_code(), at),
        _ => Info::kernel(SIGSEGV),
    };
    let address = if exception.vector == 14 { exception.address as u64 } else { 0 };
    task.signals.note_fault(u64::from(exception.vector), exception.error, address);
    signal::force(task, info);
}

fn page_fault(exception: &Exception) -> Info {
    match exception.fault {
        Some(FaultKind::BeyondObject) => Info::fault(SIGBUS, code::BUS_ADRERR, exception.address),
        Some(FaultKind::Denied) => Info::fault(SIGSEGV, code::SEGV_ACCERR, exception.address),
        _ => Info::fault(SIGSEGV, code::SEGV_MAPERR, exception.address),
    }
}

/// `si_code` for the lowest of the exception flags (in the order of x87 status and MXCSR) that is set.
fn code_of(flags: u32) -> i32 {
    match flags {
        _ if flags & 0x01 != 0 => code::FPE_FLTINV,
        _ if flags & 0x04 != 0 => code::FPE_FLTDIV,
        _ if flags & 0x08 != 0 => code::FPE_FLTOVF,
        // Denormal operands count as underflow.
        _ if flags & 0x12 != 0 => code::FPE_FLTUND,
        _ if flags & 0x20 != 0 => code::FPE_FLTRES,
        _ => 0,
    }
}

fn fpu_word(offset: usize, size: usize) -> u32 {
    let word = sched::current().with_fpu(|state| {
        let mut word = [0; 4];
        word[..size].copy_from_slice(&state.bytes()[offset..offset + size]);
        u32::from_le_bytes(word)
    });
    word.unwrap_or(0)
}

fn x87_code() -> i32 {
    code_of(fpu_word(X87_STATUS, 2) & !fpu_word(X87_CONTROL, 2))
}

fn simd_code() -> i32 {
    let mxcsr = fpu_word(MXCSR, 4);
    code_of(mxcsr & !(mxcsr >> 7))
}
