//! Threads as the hardware sees them: a kernel stack to switch to, and the way into user mode.

use super::{frame::UserFrame, percpu};

extern "C" {
    /// Stores the current stack pointer (with the callee-saved registers pushed) in `*prev_rsp` and continues on
    /// the stack `next_rsp`. See `switch.S`.
    pub fn switch_context(prev_rsp: *mut usize, next_rsp: usize);
    fn thread_start();
    fn entry_return_full(frame: *const UserFrame) -> !;
}

/// What `switch_context` pops, upwards.
#[repr(C)]
struct SwitchFrame {
    r15: u64,
    r14: u64,
    r13: u64,
    r12: u64,
    rbx: u64,
    rbp: u64,
    rip: u64,
    /// The return address of a caller that does not exist; keeps the stack 16-byte aligned.
    end: u64,
}

/// Prepares a fresh kernel stack ending at `top` so that switching to the returned stack pointer calls
/// `entry(argument)` with interrupts off. The space of a [`UserFrame`] at the top is left alone. `entry` never
/// returns.
///
/// # Safety
/// `top` is the 16-byte aligned end of a mapped, unused stack.
pub unsafe fn init_kernel_stack(top: usize, entry: extern "C" fn(usize), argument: usize) -> usize {
    let below_frame = (top - size_of::<UserFrame>()) & !0xf;
    let place = (below_frame - size_of::<SwitchFrame>()) as *mut SwitchFrame;
    let frame = SwitchFrame {
        r15: 0,
        r14: 0,
        r13: 0,
        r12: argument as u64,
        rbx: entry as usize as u64,
        rbp: 0,
        rip: thread_start as *const () as u64,
        end: 0,
    };
    // SAFETY: the place is within the stack, which the caller owns.
    unsafe { place.write(frame) };
    place as usize
}

/// Leaves the kernel for the first time (or after an exec) with these registers. The kernel stack is empty
/// afterwards. Pending work (see [`percpu::ThreadCore::work`]) runs before.
pub fn enter_user(frame: &UserFrame) -> ! {
    let top = super::frame::user_frame();
    super::cpu::irq_disable();
    // SAFETY: the frame's place at the top of the current thread's stack is reserved for this; the source may be
    // that place itself, which `copy` allows. The stub then takes the stack down to that frame.
    unsafe {
        core::ptr::copy(frame, top, 1);
        (*top).sanitise();
        debug_assert!(percpu::kernel_stack_top() % 16 == 0);
        entry_return_full(top)
    }
}
