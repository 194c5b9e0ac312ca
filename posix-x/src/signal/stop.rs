//! Stopping and continuing processes, and telling their parents.

use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::sync::Sleep;

use super::{code, Info, SaFlags, SIGCHLD, SIGCONT, SIGKILL, SIGSTOP};
use crate::process::table::{self, Table};
use crate::process::usage::Usage;
use crate::process::{Process, Task};
use crate::Pid;

/// Is nobody left who could continue a stopped member of the group: has no member a parent in the same session
/// but in another group?
pub fn is_orphaned(table: &Table, pgid: Pid, except: Option<&Process>) -> bool {
    !table.group(pgid).iter().any(|member| {
        if except.is_some_and(|except| core::ptr::eq(except, &**member)) || member.is_zombie() {
            return false;
        }
        table
            .process(member.parent_pid())
            .is_some_and(|parent| parent.pid() > 1 && parent.pgid() != pgid && parent.sid() == member.sid())
    })
}

/// The default action of a stop signal: all threads of the process stop.
pub(super) fn begin(task: &Task, signal: i32) {
    let process = task.process();
    if signal != SIGSTOP && is_orphaned(&table::lock(), process.pgid(), None) {
        return;
    }
    let mut group = process.signals.inner.lock();
    // A SIGCONT or SIGKILL since the signal was taken wins.
    let killed = group.shared.set().has(SIGKILL)
        || group.threads.iter().any(|other| other.signals.pending().has(SIGKILL))
        || process.signals.ending().is_some();
    if killed || !process.signals.stop_taken.load(Relaxed) {
        return;
    }
    group.stop = Some(signal);
    group.continued = false;
    for other in &group.threads {
        other.request_attention();
    }
}

/// Stands still for as long as the process is stopped. Returns at once if it is not.
pub(super) fn rest(task: &Task) {
    let process = task.process();
    let completes = {
        let mut group = process.signals.inner.lock();
        let Some(signal) = group.stop else { return };
        group.stopped += 1;
        (group.stopped == group.threads.len()).then_some(signal)
    };
    if let Some(signal) = completes {
        report_stopped(process, signal);
    }
    // Neither the deadline nor a signal can end this wait, so it has no error.
    let _ = process.signals.resume.wait(Sleep::Uninterruptible, None, || {
        let ends = process.signals.must_end(task);
        (ends || process.signals.inner.lock().stop.is_none()).then_some(())
    });
    let continued = {
        let mut group = process.signals.inner.lock();
        group.stopped -= 1;
        core::mem::take(&mut group.continued)
    };
    if continued && process.signals.ending().is_none() {
        report_continued(process);
    }
}

/// All threads have stopped: the parent may learn it.
pub(crate) fn report_stopped(process: &Arc<Process>, signal: i32) {
    let mut table = table::lock();
    // Who was continued meanwhile may have told so already, and nothing comes after that.
    if !process.signals.is_stopped() {
        return;
    }
    let report = &mut process.relations.get_mut(&mut table).report;
    report.stopped = Some(signal);
    report.continued = false;
    tell_parent(&table, process, code::CLD_STOPPED, signal);
}

fn report_continued(process: &Arc<Process>) {
    let mut table = table::lock();
    let report = &mut process.relations.get_mut(&mut table).report;
    report.stopped = None;
    report.continued = true;
    tell_parent(&table, process, code::CLD_CONTINUED, SIGCONT);
}

fn tell_parent(table: &Table, process: &Process, code: i32, status: i32) {
    let Some(parent) = table.process(process.parent_pid()) else { return };
    let action = parent.signals.with_handlers(|handlers| handlers.get(SIGCHLD));
    let wanted =
        action.flags & SaFlags::NOCLDSTOP.bits() == 0 && action.handler != posix_x_abi::signal::SIG_IGN;
    if wanted {
        super::send_to_process(parent, child_info(process, code, status));
    }
    parent.children_changed.wake_all();
}

/// What the parent's SIGCHLD says.
pub(crate) fn child_info(process: &Process, code: i32, status: i32) -> Info {
    const TICK: u64 = 10_000_000;
    let usage = Usage::of_process(process);
    Info::child(code, process.pid(), process.user(), status, (usage.user / TICK, usage.system / TICK))
}
