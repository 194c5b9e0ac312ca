//! [`UserFrame`]: the user's registers while the kernel runs on the user's behalf.

use super::percpu;

/// The code segment of user mode.
pub const USER_CS: u64 = 0x33;
/// The stack segment of user mode.
pub const USER_SS: u64 = 0x2b;
/// The flags that a user program decides about: the arithmetic ones, TF, DF, NT, RF, AC and ID.
pub const USER_FLAGS: u64 = 0x0025_4dd5;
/// The interrupt flag, always set in user mode.
pub const INTERRUPT_FLAG: u64 = 1 << 9;

/// The user's registers, as `entry.S` stores them at the top of the kernel stack.
///
/// In a system call declared lean ([`super::set_lean_call`]) `rbx`, `rbp` and `r12`–`r15` are not stored:
/// they stay in the registers and are filled in before a personality's `attention` runs.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct UserFrame {
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rax: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rsi: u64,
    pub rdi: u64,
    /// For a system call its number; `u64::MAX` for an exception or interrupt.
    pub orig_rax: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
}

impl UserFrame {
    /// A fresh program: all registers zero but these.
    pub fn start(rip: usize, rsp: usize) -> Self {
        Self {
            rip: rip as u64,
            rsp: rsp as u64,
            cs: USER_CS,
            ss: USER_SS,
            rflags: INTERRUPT_FLAG,
            orig_rax: u64::MAX,
            ..Self::default()
        }
    }

    /// Makes the segments and flags such as user mode may have, whatever they were (a signal frame may hold
    /// anything).
    pub fn sanitise(&mut self) {
        self.cs = USER_CS;
        self.ss = USER_SS;
        self.rflags = (self.rflags & USER_FLAGS) | INTERRUPT_FLAG;
    }
}

/// The frame of the current thread: the top of its kernel stack. Meaningful while the thread is in the kernel
/// on behalf of user mode.
#[inline]
pub fn user_frame() -> *mut UserFrame {
    (percpu::kernel_stack_top() - size_of::<UserFrame>()) as *mut UserFrame
}
