//! Masks, and waiting for signals: `rt_sigprocmask`, `rt_sigsuspend`, `rt_sigtimedwait`, `pause`, and masks that
//! hold for the time of one call.

use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::sync::Sleep;
use exo_kernel::time::{self, Instant};
use exo_kernel::user::UserPtr;
use exo_kernel::Kind;
use posix_x_abi::types::{SigInfo, Timespec};

use super::{deliver, Info, ProcessSignals, SigSet};
use crate::process::Task;
use crate::{Errno, SysResult};

/// Blocks exactly these signals from here on, and makes the thread look at what is let through.
pub(super) fn set_mask(task: &Task, mask: SigSet) {
    let old = task.signals.mask();
    task.signals.store_mask(mask);
    if deliver::has_work(task) {
        task.request_attention();
    }
    let newly_blocked = mask.without(old).and(task.process().signals.pending());
    if !newly_blocked.is_empty() {
        pass_on(task, newly_blocked);
    }
}

/// Signals of the process that this thread might have taken, but blocks now, are for another thread.
fn pass_on(task: &Task, signals: SigSet) {
    let group = task.process().signals.inner.lock();
    for other in group.threads.iter().filter(|other| !core::ptr::eq(&***other, task)) {
        if !signals.without(other.signals.mask()).is_empty() {
            other.request_attention();
        }
    }
}

/// Takes out the next pending signal of `wanted`: the thread's own first, then the process's.
pub fn dequeue(task: &Task, wanted: SigSet) -> Option<Info> {
    let signals = &task.process().signals;
    if !task.signals.pending().and(wanted).is_empty() {
        let mut queue = task.signals.queue.lock();
        let info = queue.take(wanted);
        task.signals.pending.store(queue.set().0, Relaxed);
        note_stop(signals, info.as_ref());
        drop(queue);
        if let Some(mut info) = info {
            task.process().timers.signal_taken(&mut info);
            return Some(info);
        }
    }
    if signals.pending().and(wanted).is_empty() {
        return None;
    }
    let mut group = signals.inner.lock();
    let mut info = group.shared.take(wanted);
    signals.pending.store(group.shared.set().0, Relaxed);
    note_stop(signals, info.as_ref());
    drop(group);
    if let Some(info) = &mut info {
        task.process().timers.signal_taken(info);
    }
    info
}

/// Under the lock of the queue from which it was taken, so that a SIGCONT comes before or after.
fn note_stop(signals: &ProcessSignals, taken: Option<&Info>) {
    if taken.is_some_and(|info| SigSet::STOP.has(info.signo)) {
        signals.stop_taken.store(true, Relaxed);
    }
}

/// The signals pending for a thread, its own and its process's.
pub fn pending_for(task: &Task) -> SigSet {
    task.signals.pending().or(task.process().signals.pending())
}

/// Reads a signal set argument, whose size must be right.
pub fn read_mask(pointer: UserPtr<u64>, size: usize) -> Result<SigSet, Errno> {
    if size != size_of::<u64>() {
        return Err(Errno::EINVAL);
    }
    Ok(SigSet(pointer.read()?).without(SigSet::UNBLOCKABLE))
}

/// A mask that holds for the time of one call (ppoll, pselect, epoll_pwait).
pub struct TemporaryMask<'a> {
    task: &'a Task,
    old: Option<SigSet>,
}

impl<'a> TemporaryMask<'a> {
    /// Installs the mask at `pointer`, unless that is NULL.
    pub fn install(task: &'a Task, pointer: UserPtr<u64>, size: usize) -> Result<Self, Errno> {
        if pointer.is_null() {
            return Ok(Self { task, old: None });
        }
        let mask = read_mask(pointer, size)?;
        let old = task.signals.mask();
        set_mask(task, mask);
        Ok(Self { task, old: Some(old) })
    }

    /// Puts the old mask back; if the call was interrupted, only after the signal was delivered.
    pub fn finish(mut self, result: SysResult) -> SysResult {
        if let Some(old) = self.old.take() {
            match result {
                Err(error) if error == Errno::EINTR || error.0.is_restart() => {
                    self.task.signals.save_mask(old);
                    self.task.request_attention();
                }
                _ => set_mask(self.task, old),
            }
        }
        result
    }
}

impl Drop for TemporaryMask<'_> {
    fn drop(&mut self) {
        if let Some(old) = self.old.take() {
            set_mask(self.task, old);
        }
    }
}

/// Waits until a signal is delivered to a handler or ends the thread.
fn wait_for_delivery(task: &Task) -> SysResult {
    // The condition never holds, so only the interruption ends the wait.
    let _ = task.process().signals.arrived.wait(Sleep::Interruptible, None, || None::<()>);
    Err(Errno::ERESTARTNOHAND)
}

/// Waits for one of `wanted`, which the thread blocks, until `deadline`.
fn wait_for(task: &Task, wanted: SigSet, deadline: Option<Instant>) -> Result<Info, Errno> {
    if let Some(info) = dequeue(task, wanted) {
        return Ok(info);
    }
    task.signals.awaited.store(wanted.0, Relaxed);
    let result =
        task.process().signals.arrived.wait(Sleep::Interruptible, deadline, || dequeue(task, wanted));
    task.signals.awaited.store(0, Relaxed);
    match result {
        Ok(info) => Ok(info),
        // The wake-up for an awaited signal is also a request for attention.
        Err(error) => dequeue(task, wanted).ok_or(match error.kind() {
            Kind::TimedOut => Errno::EAGAIN,
            _ => Errno::EINTR,
        }),
    }
}

/// The system calls.
pub mod calls {
    use super::*;

    const SIG_BLOCK: u32 = 0;
    const SIG_UNBLOCK: u32 = 1;
    const SIG_SETMASK: u32 = 2;

    /// `rt_sigprocmask(2)`
    pub fn rt_sigprocmask(
        t: &Task,
        how: u32,
        set: UserPtr<u64>,
        old: UserPtr<u64>,
        size: usize,
    ) -> SysResult {
        if size != size_of::<u64>() {
            return Err(Errno::EINVAL);
        }
        let before = t.signals.mask();
        if !set.is_null() {
            let set = SigSet(set.read()?);
            let mask = match how {
                SIG_BLOCK => before.or(set),
                SIG_UNBLOCK => before.without(set),
                SIG_SETMASK => set,
                _ => return Err(Errno::EINVAL),
            };
            set_mask(t, mask);
        }
        if !old.is_null() {
            old.write(&before.0)?;
        }
        Ok(0)
    }

    /// `rt_sigpending(2)`
    pub fn rt_sigpending(t: &Task, set: UserPtr<u64>, size: usize) -> SysResult {
        if size > size_of::<u64>() {
            return Err(Errno::EINVAL);
        }
        let pending = pending_for(t).and(t.signals.mask());
        set.cast::<u8>().write_slice(&pending.0.to_le_bytes()[..size])?;
        Ok(0)
    }

    /// `rt_sigsuspend(2)`
    pub fn rt_sigsuspend(t: &Task, mask: UserPtr<u64>, size: usize) -> SysResult {
        let mask = read_mask(mask, size)?;
        t.signals.save_mask(t.signals.mask());
        set_mask(t, mask);
        wait_for_delivery(t)
    }

    /// `pause(2)`
    pub fn pause(t: &Task) -> SysResult {
        wait_for_delivery(t)
    }

    /// `rt_sigtimedwait(2)`
    pub fn rt_sigtimedwait(
        t: &Task,
        set: UserPtr<u64>,
        info: UserPtr<SigInfo>,
        timeout: UserPtr<Timespec>,
        size: usize,
    ) -> SysResult {
        let wanted = read_mask(set, size)?;
        let deadline = match timeout.non_null() {
            None => None,
            Some(timeout) => {
                let timeout = timeout.read()?;
                if timeout.sec < 0 || !(0..1_000_000_000).contains(&timeout.nsec) {
                    return Err(Errno::EINVAL);
                }
                let nanoseconds =
                    (timeout.sec as u64).saturating_mul(1_000_000_000).saturating_add(timeout.nsec as u64);
                Some(time::now().saturating_add_ns(nanoseconds))
            }
        };
        let taken = wait_for(t, wanted, deadline)?;
        if !info.is_null() {
            info.write(&taken.to_user())?;
        }
        Ok(taken.signo as usize)
    }
}
