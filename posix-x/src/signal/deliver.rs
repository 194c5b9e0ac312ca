//! Delivery: what a thread does about its signals before it returns to user mode.
//!
//! Here, and only here, it is decided what becomes of a call that a signal interrupted: repeated as if nothing
//! had happened, or answered with EINTR.

use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::arch::UserFrame;
use posix_x_abi::signal::{default_action, DefaultAction, SIG_DFL, SIG_IGN};
use posix_x_abi::types::SigAction;

use super::{frame, stop, wait, Info, SaFlags, SigSet};
use crate::process::{exit, Task};
use crate::Errno;

/// Length of the `syscall` instruction.
const SYSCALL_LENGTH: u64 = 2;

/// Does everything that is due before the thread returns to user mode. Does not return if it must end.
pub fn attend(task: &Task, registers: &mut UserFrame) {
    task.first_steps();
    while let Some((info, action)) = next(task) {
        if deliver(task, registers, info, action) {
            return;
        }
    }
    finish_call(registers, None);
    if let Some(mask) = task.signals.take_saved_mask() {
        wait::set_mask(task, mask);
    }
}

/// The next signal that has a handler; acts on those that have none. Ends or stops the thread if it must.
fn next(task: &Task) -> Option<(Info, SigAction)> {
    loop {
        let signals = &task.process().signals;
        if signals.must_end(task) {
            let status = signals.ending().unwrap_or(0);
            exit::exit_thread(task, status);
        }
        stop::rest(task);
        let info = wait::dequeue(task, SigSet::ALL.without(task.signals.mask()))?;
        let action = signals.with_handlers(|handlers| handlers.take(info.signo));
        match action.handler {
            SIG_IGN => {}
            SIG_DFL => default(task, &info),
            _ => return Some((info, action)),
        }
    }
}

/// The default action. Does not return if it ends the process.
fn default(task: &Task, info: &Info) {
    let process = task.process();
    match default_action(info.signo) {
        DefaultAction::Ignore | DefaultAction::Continue => {}
        DefaultAction::Stop if !process.signals.unkillable => stop::begin(task, info.signo),
        _ if process.signals.unkillable && info.code <= 0 => {}
        // Nobody dumps core here, so the status never says that it was done.
        _ => end_by_signal(task, info, info.signo),
    }
}

fn end_by_signal(task: &Task, info: &Info, status: i32) -> ! {
    if task.process().signals.unkillable {
        log::error!("init was killed by signal {} (code {}, {:#x})", info.signo, info.code, info.fields[0]);
    }
    exit::exit_group(task, status)
}

/// Runs the handler: on return to user mode its frame is in place. `false` if the frame could not be written,
/// and another signal is pending for it.
fn deliver(task: &Task, registers: &mut UserFrame, info: Info, action: SigAction) -> bool {
    finish_call(registers, Some(&action));
    let mask = task.signals.mask();
    let return_mask = task.signals.take_saved_mask().unwrap_or(mask);
    if frame::push(task, registers, &info, &action, return_mask).is_err() {
        wait::set_mask(task, return_mask);
        if info.signo == super::SIGSEGV {
            // The handler of SIGSEGV cannot run: the default action it is.
            task.process().signals.with_handlers(|handlers| {
                handlers.set(super::SIGSEGV, SigAction { handler: SIG_DFL, ..action });
            });
        }
        super::force(task, Info::kernel(super::SIGSEGV));
        return false;
    }
    let mut blocked = mask.or(SigSet(action.mask));
    if action.flags & SaFlags::NODEFER.bits() == 0 {
        blocked = blocked.or(SigSet::one(info.signo));
    }
    wait::set_mask(task, blocked);
    true
}

/// Decides about an interrupted call: `action` is that of the handler which is about to run, if one is.
#[inline]
fn finish_call(registers: &mut UserFrame, action: Option<&SigAction>) {
    if registers.orig_rax == u64::MAX {
        return;
    }
    let Some(request) = restart_request(registers.rax) else { return };
    let again = match (request, action) {
        (Errno::ERESTARTNOINTR, _) | (_, None) => true,
        (Errno::ERESTARTSYS, Some(action)) => action.flags & SaFlags::RESTART.bits() != 0,
        (_, Some(_)) => false,
    };
    if !again {
        registers.rax = Errno::EINTR.to_register();
    } else {
        registers.rip -= SYSCALL_LENGTH;
        registers.rax = match request {
            Errno::ERESTARTBLOCK => posix_x_abi::number::restart_syscall,
            _ => registers.orig_rax,
        };
    }
    registers.orig_rax = u64::MAX;
}

/// Is the result of a call a request to repeat it?
fn restart_request(rax: u64) -> Option<Errno> {
    const LOWEST: u64 = Errno::ERESTARTBLOCK.to_register();
    const HIGHEST: u64 = Errno::ERESTARTSYS.to_register();
    if !(LOWEST..=HIGHEST).contains(&rax) {
        return None;
    }
    posix_x_abi::Errno::from_number(rax.wrapping_neg() as u16).map(Errno)
}

/// Is something waiting to be attended to?
pub(crate) fn has_work(task: &Task) -> bool {
    let pending = SigSet(task.signals.pending.load(Relaxed)).or(task.process().signals.pending());
    !pending.without(task.signals.mask()).is_empty()
}

/// The system calls.
pub mod calls {
    use super::*;
    use crate::SysResult;

    /// `restart_syscall(2)`: goes on with a call whose arguments must not be taken a second time.
    pub fn restart_syscall(t: &Task, _frame: &mut UserFrame) -> SysResult {
        match t.signals.take_restart() {
            Some(restart) => (restart.call)(t, restart.arguments),
            None => Err(Errno::EINTR),
        }
    }
}
