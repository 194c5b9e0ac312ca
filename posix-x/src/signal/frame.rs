//! The signal frame: what a handler finds on its stack, and the way back from it.
//!
//! Layout as on Linux, upwards from the handler's stack pointer: the return address, a `ucontext`, a `siginfo`,
//! and (aligned to 64 bytes) the floating point state with its marks. Everything in it may have been changed by
//! the program when it comes back, so everything is checked or made harmless.

use bytemuck::{Pod, Zeroable};
use exo_kernel::arch::fpu;
use exo_kernel::arch::UserFrame;
use exo_kernel::sched;
use exo_kernel::user::UserPtr;
use posix_x_abi::signal::{
    FpSwBytes, SigContext, UContext, FP_SW_RESERVED_OFFSET, FP_XSTATE_MAGIC1, FP_XSTATE_MAGIC2, UC_FP_XSTATE,
    UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS,
};
use posix_x_abi::types::{SigAction, SigInfo, StackT};

use super::state::{AltStack, SS_AUTODISARM, SS_DISABLE, SS_ONSTACK};
use super::{wait, Info, SaFlags, SigSet};
use crate::process::Task;
use crate::{Errno, SysResult};

/// Bytes below the stack pointer that belong to the interrupted function.
const RED_ZONE: u64 = 128;
/// The FXSAVE image alone.
const FXSAVE_SIZE: usize = 512;
/// The smallest alternate stack.
const MINIMAL_STACK: u64 = 2048;
/// Flags that the handler starts without: direction, resume, trap.
const CLEARED_FLAGS: u64 = 0x0001_0500;

/// The frame without the floating point state.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Frame {
    return_address: u64,
    context: UContext,
    info: SigInfo,
}

/// Bytes of floating point state on the stack, marks included.
fn fp_size() -> usize {
    fpu::state_size() + if fpu::components() != 0 { size_of::<u32>() } else { 0 }
}

/// Bytes that a signal needs on the stack at most (`AT_MINSIGSTKSZ`).
pub fn frame_size() -> usize {
    size_of::<Frame>() + fp_size() + 64 + 16
}

/// Where the frame goes: floating point state, frame.
fn place(task: &Task, registers: &UserFrame, action: &SigAction) -> Result<(u64, u64), Errno> {
    let alt = task.signals.alt_stack();
    let inside = alt.contains(registers.rsp as usize);
    let mut sp = registers.rsp.wrapping_sub(RED_ZONE);
    let on_stack = action.flags & SaFlags::ONSTACK.bits() != 0;
    let enters = on_stack && alt.size != 0 && !inside;
    if enters {
        sp = (alt.base + alt.size) as u64;
    }
    let state = sp.wrapping_sub(fp_size() as u64) & !63;
    let frame = (state.wrapping_sub(size_of::<Frame>() as u64) & !15).wrapping_sub(8);
    // On the alternate stack there is only so much room.
    if (inside || enters) && (frame < alt.base as u64 || frame >= (alt.base + alt.size) as u64) {
        return Err(Errno::EFAULT);
    }
    Ok((state, frame))
}

/// What stands between the registers that FXSAVE stores and those that XSAVE adds: marks, and XSAVE's header.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Marks {
    software: FpSwBytes,
    /// The components that are present, then zeros.
    header: [u64; 8],
}

/// Stores the floating point registers in the format that signal frames have. As on Linux, x87 and SSE count as
/// present whatever they hold, so that a handler can change them.
fn push_fp(state: u64) -> Result<(), Errno> {
    let thread = sched::current();
    let target = UserPtr::<u8>::new(state as usize);
    let used = thread.has_fpu();
    if !used {
        target.write_slice(&fpu::initial()[..FP_SW_RESERVED_OFFSET])?;
    }
    let components = fpu::components();
    let marks = target.field::<FpSwBytes>(FP_SW_RESERVED_OFFSET);
    if components == 0 {
        marks.write(&FpSwBytes::zeroed())?;
        if used {
            thread.store_fpu(state as usize)?;
        }
        return Ok(());
    }
    let size = fpu::state_size();
    let software = FpSwBytes {
        magic1: FP_XSTATE_MAGIC1,
        extended_size: fp_size() as u32,
        xfeatures: components,
        xstate_size: size as u32,
        padding: [0; 7],
    };
    let mut header = [0; 8];
    header[0] = fpu::LEGACY_COMPONENTS;
    marks.cast::<Marks>().write(&Marks { software, header })?;
    target.field::<u32>(size).write(&FP_XSTATE_MAGIC2)?;
    if used {
        thread.store_fpu(state as usize)?;
        let present = target.field::<u64>(FXSAVE_SIZE);
        let stored = present.read()?;
        if stored & fpu::LEGACY_COMPONENTS != fpu::LEGACY_COMPONENTS {
            present.write(&(stored | fpu::LEGACY_COMPONENTS))?;
        }
    }
    Ok(())
}

/// Puts a frame on the stack and makes `registers` enter the handler.
pub(super) fn push(
    task: &Task,
    registers: &mut UserFrame,
    info: &Info,
    action: &SigAction,
    mask: SigSet,
) -> Result<(), Errno> {
    if action.flags & SaFlags::RESTORER.bits() == 0 {
        return Err(Errno::EFAULT);
    }
    let (state, address) = place(task, registers, action)?;
    push_fp(state)?;
    let alt = task.signals.alt_stack();
    let frame = Frame {
        return_address: action.restorer,
        context: UContext {
            flags: UC_SIGCONTEXT_SS
                | UC_STRICT_RESTORE_SS
                | if fpu::components() != 0 { UC_FP_XSTATE } else { 0 },
            link: 0,
            stack: alt.to_user(registers.rsp as usize),
            mcontext: context_of(task, registers, mask, state),
            sigmask: mask.0,
        },
        info: info.to_user(),
    };
    UserPtr::<Frame>::new(address as usize).write(&frame)?;
    if alt.auto_disarm {
        task.signals.set_alt_stack(AltStack::default());
    }
    sched::current().clear_fpu();
    let at = |offset: usize| address + offset as u64;
    registers.rdi = info.signo as u64;
    registers.rsi = at(core::mem::offset_of!(Frame, info));
    registers.rdx = at(core::mem::offset_of!(Frame, context));
    registers.rax = 0;
    registers.rip = action.handler;
    registers.rsp = address;
    registers.rflags &= !CLEARED_FLAGS;
    registers.orig_rax = u64::MAX;
    registers.sanitise();
    Ok(())
}

fn context_of(task: &Task, registers: &UserFrame, mask: SigSet, state: u64) -> SigContext {
    let fault = task.signals.last_fault.snapshot();
    SigContext {
        r8: registers.r8,
        r9: registers.r9,
        r10: registers.r10,
        r11: registers.r11,
        r12: registers.r12,
        r13: registers.r13,
        r14: registers.r14,
        r15: registers.r15,
        rdi: registers.rdi,
        rsi: registers.rsi,
        rbp: registers.rbp,
        rbx: registers.rbx,
        rdx: registers.rdx,
        rax: registers.rax,
        rcx: registers.rcx,
        rsp: registers.rsp,
        rip: registers.rip,
        eflags: registers.rflags,
        cs: registers.cs as u16,
        gs: 0,
        fs: 0,
        ss: registers.ss as u16,
        err: fault.error,
        trapno: fault.vector,
        oldmask: mask.0,
        cr2: fault.address,
        fpstate: state,
        reserved: [0; 8],
    }
}

fn restore_registers(registers: &mut UserFrame, context: &SigContext) {
    registers.r8 = context.r8;
    registers.r9 = context.r9;
    registers.r10 = context.r10;
    registers.r11 = context.r11;
    registers.r12 = context.r12;
    registers.r13 = context.r13;
    registers.r14 = context.r14;
    registers.r15 = context.r15;
    registers.rdi = context.rdi;
    registers.rsi = context.rsi;
    registers.rbp = context.rbp;
    registers.rbx = context.rbx;
    registers.rdx = context.rdx;
    registers.rax = context.rax;
    registers.rcx = context.rcx;
    registers.rsp = context.rsp;
    registers.rip = context.rip;
    registers.rflags = context.eflags;
    registers.orig_rax = u64::MAX;
    registers.sanitise();
}

/// Has the program left the initial values in the frame?
fn is_initial(state: UserPtr<u8>, components: u64) -> Result<bool, Errno> {
    const LEGACY: usize = FXSAVE_SIZE / 8;
    let initial: &[u64] = bytemuck::cast_slice(fpu::initial());
    let mut words = [0u64; LEGACY + 8];
    let length = if components == 0 { LEGACY } else { words.len() };
    state.cast::<u64>().read_slice(&mut words[..length])?;
    // The marks are nobody's registers, and which of the two are present makes no difference.
    words[FP_SW_RESERVED_OFFSET / 8..LEGACY].fill(0);
    words[LEGACY] &= !fpu::LEGACY_COMPONENTS;
    Ok(words == initial)
}

/// Loads the floating point registers from the frame.
fn pop_fp(address: u64) -> Result<(), Errno> {
    let thread = sched::current();
    if address == 0 {
        thread.clear_fpu();
        return Ok(());
    }
    let source = UserPtr::<u8>::new(address as usize);
    let size = fpu::state_size();
    let marks: FpSwBytes = source.field::<FpSwBytes>(FP_SW_RESERVED_OFFSET).read()?;
    let extended = fpu::components() != 0
        && marks.magic1 == FP_XSTATE_MAGIC1
        && marks.xstate_size as usize == size
        && source.field::<u32>(size).read()? == FP_XSTATE_MAGIC2;
    let components = if extended { marks.xfeatures & fpu::components() } else { 0 };
    if !thread.has_fpu() && is_initial(source, components)? {
        return Ok(());
    }
    Ok(thread.load_fpu(address as usize, components)?)
}

/// What `sigaltstack` may set; `sp` is the caller's stack pointer.
#[inline]
fn checked_stack(task: &Task, new: &StackT, sp: usize) -> Result<AltStack, Errno> {
    if task.signals.alt_stack().contains(sp) {
        return Err(Errno::EPERM);
    }
    let auto_disarm = new.flags & SS_AUTODISARM != 0;
    match new.flags & !SS_AUTODISARM {
        SS_DISABLE => Ok(AltStack { auto_disarm, ..AltStack::default() }),
        0 | SS_ONSTACK if new.size < MINIMAL_STACK => Err(Errno::ENOMEM),
        0 | SS_ONSTACK => Ok(AltStack { base: new.sp as usize, size: new.size as usize, auto_disarm }),
        _ => Err(Errno::EINVAL),
    }
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `rt_sigreturn(2)`: the program goes on where the signal found it, as the frame says.
    pub fn rt_sigreturn(t: &Task, registers: &mut UserFrame) -> SysResult {
        let address = registers.rsp.wrapping_sub(8) as usize;
        let result = (|| {
            let context: UContext =
                UserPtr::<UContext>::new(address + core::mem::offset_of!(Frame, context)).read()?;
            pop_fp(context.mcontext.fpstate)?;
            Ok::<UContext, Errno>(context)
        })();
        let Ok(context) = result else {
            // There is nothing to return to.
            super::super::force(t, Info::kernel(super::super::SIGSEGV));
            return Ok(registers.rax as usize);
        };
        wait::set_mask(t, SigSet(context.sigmask));
        restore_registers(registers, &context.mcontext);
        // As on Linux, an alternate stack that cannot be set is ignored.
        if let Ok(stack) = checked_stack(t, &context.stack, registers.rsp as usize) {
            t.signals.set_alt_stack(stack);
        }
        Ok(registers.rax as usize)
    }

    /// `sigaltstack(2)`
    pub fn sigaltstack(
        t: &Task,
        registers: &mut UserFrame,
        new: UserPtr<StackT>,
        old: UserPtr<StackT>,
    ) -> SysResult {
        let sp = registers.rsp as usize;
        let before = t.signals.alt_stack().to_user(sp);
        if !new.is_null() {
            let stack = checked_stack(t, &new.read()?, sp)?;
            t.signals.set_alt_stack(stack);
        }
        if !old.is_null() {
            old.write(&before)?;
        }
        Ok(0)
    }
}
