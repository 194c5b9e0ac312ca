//! Sending signals: permission, effects at the time of sending, and the choice of the thread that takes it.

use alloc::sync::Arc;

use posix_x_abi::signal::{default_action, DefaultAction, SIG_DFL};

use super::state::Group;
use super::{code, Info, SigSet, SIGCONT, SIGKILL, SIGRTMIN, SIGSTOP};
use crate::process::table;
use crate::process::{Process, Resource, Task};
use crate::security::user::User;
use crate::security::{Caps, Credentials};
use crate::{Errno, Pid};

/// Whom a signal is for.
#[derive(Clone, Copy)]
enum Target<'a> {
    /// Whichever thread does not block it.
    Process,
    /// This one.
    Task(&'a Task),
}

/// May a holder of `creds` signal `target`?
pub fn permitted(creds: &Credentials, sender: &Task, target: &Process, signal: i32) -> bool {
    if core::ptr::eq(&**sender.process(), target) || creds.capable(Caps::KILL) {
        return true;
    }
    // A zombie has nobody to ask and nothing to lose.
    let Some(other) = target.creds() else { return true };
    [creds.euid, creds.uid].iter().any(|id| *id == other.suid || *id == other.uid)
        || signal == SIGCONT && sender.process().sid() == target.sid()
}

/// Sends to a process. For the kernel's own use: nobody's permission is asked. `false` if it was ignored.
pub fn send_to_process(process: &Process, info: Info) -> bool {
    // Without room for details the signal itself arrives nevertheless.
    post(process, Target::Process, info, None).unwrap_or(true)
}

/// Sends to one thread. `false` if it was ignored.
pub fn send_to_task(task: &Task, info: Info) -> bool {
    post(task.process(), Target::Task(task), info, None).unwrap_or(true)
}

/// Sends to every member of a process group; how many there are.
pub fn send_to_group(pgid: Pid, info: Info) -> usize {
    let table = table::lock();
    let members = table.group(pgid);
    for process in members {
        send_to_process(process, info);
    }
    members.len()
}

/// Sends a signal to the running thread itself, as if by the kernel (SIGPIPE, SIGXFSZ …).
pub fn raise(task: &Task, signal: i32) {
    send_to_task(task, Info { code: code::SI_USER, ..Info::from_task(signal, code::SI_USER, task) });
}

/// Sends a signal with details to the running thread itself.
pub fn raise_info(task: &Task, info: Info) {
    send_to_task(task, info);
}

/// Sends a signal that can be neither ignored nor blocked: an exception of the thread's own making. Where the
/// program does either, the default action comes back first.
pub fn force(task: &Task, info: Info) {
    let signal = info.signo;
    let signals = &task.process().signals;
    let blocked = task.signals.mask().has(signal);
    signals.with_handlers(|handlers| {
        if blocked || handlers.ignored().has(signal) {
            let action = handlers.get(signal);
            handlers.set(signal, posix_x_abi::types::SigAction { handler: SIG_DFL, ..action });
        }
    });
    if blocked {
        task.signals.store_mask(task.signals.mask().without(SigSet::one(signal)));
    }
    let mut pending = task.signals.queue.lock();
    pending.discard(SigSet::one(signal));
    pending.push(info, None);
    task.signals.pending.store(pending.set().0, core::sync::atomic::Ordering::Relaxed);
    drop(pending);
    task.request_attention();
}

/// Sends for a caller: EAGAIN if a queued signal exceeds the caller's limit.
pub(super) fn post_for(
    sender: &Task,
    process: &Process,
    task: Option<&Task>,
    info: Info,
) -> Result<(), Errno> {
    let target = task.map_or(Target::Process, Target::Task);
    post(process, target, info, Some(sender)).map(drop)
}

/// Counts a queued signal for the user it goes to, up to the limit.
fn count(process: &Process, info: Info) -> Result<Option<Arc<User>>, ()> {
    let limit = process.limit(Resource::PendingSignals);
    // Signals of the kernel, and standard ones from kill, are queued whatever the limit says.
    let over_limit_allowed = info.signo < SIGRTMIN && (info.code >= 0 || info.code == code::SI_TKILL);
    let Some(task) = process.signals.inner.lock().threads.first().cloned() else { return Ok(None) };
    let user = task.creds_snapshot().user.clone();
    let limit = if over_limit_allowed { u64::MAX } else { limit };
    if User::take(&user.signals, limit) {
        Ok(Some(user))
    } else {
        Err(())
    }
}

/// Makes the signal pending and wakes who takes it; `false` if nobody ever will.
fn post(process: &Process, target: Target, info: Info, sender: Option<&Task>) -> Result<bool, Errno> {
    let signal = info.signo;
    // Only what is queued without bound needs counting: a standard signal is pending once at most.
    let user = if signal >= SIGRTMIN { count(process, info) } else { Ok(None) };
    let mut group = process.signals.inner.lock();
    before_sending(process, &mut group, signal);
    if group.threads.is_empty() || is_ignored(process, &group, target, signal) {
        drop(group);
        if let Ok(Some(user)) = user {
            User::give_back(&user.signals);
        }
        return Ok(false);
    }
    let Ok(user) = user else {
        if sender.is_some() && info.code < 0 && info.code != code::SI_TKILL {
            return Err(Errno::EAGAIN);
        }
        mark(process, &mut group, target, signal);
        return Ok(true);
    };
    match target {
        Target::Process => {
            group.shared.push(info, user);
            process.signals.pending.store(group.shared.set().0, core::sync::atomic::Ordering::Release);
        }
        Target::Task(task) => {
            let mut pending = task.signals.queue.lock();
            pending.push(info, user);
            task.signals.pending.store(pending.set().0, core::sync::atomic::Ordering::Release);
        }
    }
    notify(process, &group, target, signal);
    Ok(true)
}

/// Makes a signal pending without details.
fn mark(process: &Process, group: &mut Group, target: Target, signal: i32) {
    match target {
        Target::Process => {
            group.shared.mark(signal);
            process.signals.pending.store(group.shared.set().0, core::sync::atomic::Ordering::Release);
        }
        Target::Task(task) => {
            let mut pending = task.signals.queue.lock();
            pending.mark(signal);
            task.signals.pending.store(pending.set().0, core::sync::atomic::Ordering::Release);
        }
    }
    notify(process, group, target, signal);
}

/// Stop signals and SIGCONT cancel each other, and SIGCONT continues, blocked and ignored or not.
fn before_sending(process: &Process, group: &mut Group, signal: i32) {
    if signal == SIGCONT {
        discard(process, group, SigSet::STOP);
        // Nor does one stop the process that was taken just before.
        process.signals.stop_taken.store(false, core::sync::atomic::Ordering::Relaxed);
        if group.stop.take().is_some() {
            group.continued = group.stopped > 0;
        }
        process.signals.resume.wake_all();
    } else if SigSet::STOP.has(signal) {
        discard(process, group, SigSet::one(SIGCONT));
    } else if signal == SIGKILL {
        group.stop = None;
        process.signals.stop_taken.store(false, core::sync::atomic::Ordering::Relaxed);
        process.signals.resume.wake_all();
    }
}

/// Drops pending signals of the process and all its threads.
pub(super) fn discard(process: &Process, group: &mut Group, signals: SigSet) {
    use core::sync::atomic::Ordering::Relaxed;
    group.shared.discard(signals);
    process.signals.pending.store(group.shared.set().0, Relaxed);
    for task in &group.threads {
        if !task.signals.pending().and(signals).is_empty() {
            let mut pending = task.signals.queue.lock();
            pending.discard(signals);
            task.signals.pending.store(pending.set().0, Relaxed);
        }
    }
}

/// Would the signal do nothing? One that is blocked might be handled by the time it is unblocked.
fn is_ignored(process: &Process, group: &Group, target: Target, signal: i32) -> bool {
    let task = match target {
        Target::Task(task) => Some(task),
        Target::Process => group.threads.first().map(|task| &**task),
    };
    let kept = task.is_some_and(|task| task.signals.mask().has(signal));
    let init_is_safe = process.signals.unkillable
        && default_action(signal) != DefaultAction::Ignore
        && process.signals.with_handlers(|handlers| handlers.get(signal).handler == SIG_DFL);
    if init_is_safe && (!kept || signal == SIGKILL || signal == SIGSTOP) {
        return true;
    }
    !kept && process.signals.with_handlers(|handlers| handlers.ignored().has(signal))
}

/// Wakes the thread that is to take the signal, and whoever waits for signals.
fn notify(process: &Process, group: &Group, target: Target, signal: i32) {
    use core::sync::atomic::Ordering::Relaxed;
    let wants = |task: &Task| {
        let awaited = SigSet(task.signals.awaited.load(Relaxed)).has(signal);
        (!task.signals.mask().has(signal) || awaited) && !task.signals.exiting.load(Relaxed)
    };
    match target {
        Target::Task(task) if wants(task) => task.request_attention(),
        Target::Task(_) => {}
        Target::Process => {
            if let Some(task) = group.threads.iter().find(|task| wants(task)) {
                task.request_attention();
            }
        }
    }
    process.signals.arrived.wake_all();
}
