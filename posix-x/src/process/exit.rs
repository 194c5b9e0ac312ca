//! The end of threads and processes.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::sched;
use exo_kernel::user::UserPtr;
use posix_x_abi::signal::SIG_IGN;

use super::table::{self, Table};
use super::usage::Usage;
use super::{Image, Process, Task};
use crate::security::user::User;
use crate::signal::{self, code, Info, SaFlags, SIGCHLD, SIGCONT, SIGHUP};
use crate::{futex, Pid};

/// The wait status of a process that ended by itself.
pub const fn status_of_code(code: i32) -> i32 {
    (code & 0xff) << 8
}

/// Ends the whole process with this wait status (or the one that another thread gave first).
pub fn exit_group(task: &Task, status: i32) -> ! {
    let status = task.process().signals.end_all(status);
    exit_thread(task, status)
}

/// Ends the running thread, and with the last one the process.
pub fn exit_thread(task: &Task, status: i32) -> ! {
    let process = task.process().clone();
    task.signals.exiting.store(true, Relaxed);
    if process.thread_count() == 1 {
        process.timers.exit();
    }
    leave_memory(task);
    task.leave_undo_list();
    task.set_files(None);
    task.set_fs(None);
    process.add_ended_thread(Usage::of_task(task));
    if task.tid() == process.pid() {
        process.note_leader_status(status);
    }
    let creds = task.creds().clone();
    process.note_user(creds.uid);
    let (left, completed_stop) = process.signals.remove_thread(task);
    if let Some(signal) = completed_stop {
        signal::report_stopped(&process, signal);
    }
    let own = table::lock().remove_task(task.tid());
    User::give_back(&creds.user.threads);
    if left == 0 {
        let status = process.signals.ending().unwrap_or_else(|| process.leader_status());
        end_process(&process, status);
    }
    // The native thread holds the task for as long as it runs.
    drop((own, creds, process));
    sched::exit_current()
}

/// Lets go of the address space: futexes first, which are in it.
pub(super) fn leave_memory(task: &Task) {
    futex::exit_robust_list(task);
    let Some(space) = sched::current().own_space() else { return };
    let address = task.clear_child_tid.swap(0, Relaxed);
    // Nobody looks there when nobody else has the memory.
    if address != 0 && Arc::strong_count(space) > 1 {
        // The address may have become invalid, which is the program's own affair.
        if UserPtr::<i32>::new(address).write(&0).is_ok() {
            futex::wake_address(address, 1);
        }
    }
    task.process().note_resident(space.usage().peak_present as u64 * 4);
    drop(sched::current().set_space(None));
    task.complete_vfork();
}

/// The last thread has ended: children go to another parent, the own parent is told.
fn end_process(process: &Arc<Process>, status: i32) {
    if process.signals.unkillable() {
        crate::entry::init_ended(status);
    }
    leave_session(process);
    process.set_image(Image::default());
    process.confinement.forget_veil();
    let mut gone = Vec::new();
    let mut table = table::lock();
    orphan_children(&mut table, process, &mut gone);
    hang_up_if_orphaned(&table, process, process.parent_pid(), Some(process));
    process.relations.get_mut(&mut table).report.ended = Some(status);
    if tell_parent_of_end(&table, process, status) {
        gone.extend(reap(&mut table, process).into_iter().flatten());
    }
    drop(table);
    process.ended.wake_all();
    drop(gone);
}

/// The leader of a session takes its terminal with it.
fn leave_session(process: &Process) {
    let session = process.session();
    if session.id() != process.pid() {
        return;
    }
    // Remembered even if the line was hung up before.
    let foreground = session.foreground();
    drop(session.set_terminal(None, 0));
    if foreground != 0 {
        signal::send_to_group(foreground, Info::kernel(SIGHUP));
        signal::send_to_group(foreground, Info::kernel(SIGCONT));
    }
}

/// Who cares for orphans of `process`: the next subreaper above it, else init.
fn guardian(table: &Table, process: &Process) -> Option<Arc<Process>> {
    let mut parent = process.parent_pid();
    while parent > 1 && process.has_subreaper.load(Relaxed) {
        let candidate = table.process(parent)?;
        if candidate.subreaper.load(Relaxed) && !candidate.is_zombie() {
            return Some(candidate.clone());
        }
        parent = candidate.parent_pid();
    }
    table.process(1).cloned()
}

fn orphan_children(table: &mut Table, process: &Arc<Process>, gone: &mut Vec<Arc<Process>>) {
    let children = core::mem::take(&mut process.relations.get_mut(table).children);
    if children.is_empty() {
        return;
    }
    let Some(guardian) = guardian(table, process) else { return };
    for child in children {
        add_child(table, &guardian, &child);
        child.set_parent(guardian.pid());
        send_death_signals(process, &child);
        child.exit_signal.store(SIGCHLD, Relaxed);
        match child.relations.get(table).report.ended {
            Some(status) if tell_parent_of_end(table, &child, status) => {
                gone.extend(reap(table, &child).into_iter().flatten())
            }
            Some(_) => {}
            None => hang_up_if_orphaned(table, &child, process.pid(), Some(process)),
        }
    }
}

/// Threads of `child` that want to know of their parent's death are told.
fn send_death_signals(parent: &Process, child: &Process) {
    let mut wanting = Vec::new();
    // The list of threads is locked while it is gone through, so sending comes after.
    child.for_each_task(|task| {
        if task.death_signal.load(Relaxed) != 0 {
            wanting.push(task.clone());
        }
    });
    for task in wanting {
        let signal = task.death_signal.load(Relaxed);
        signal::send_to_task(&task, Info::from_user(signal, code::SI_USER, parent.pid(), parent.user()));
    }
}

/// A group that has just lost its last tie to the session and has stopped members would stand still for ever.
fn hang_up_if_orphaned(table: &Table, process: &Process, parent: Pid, except: Option<&Process>) {
    let pgid = process.pgid();
    let was_tied =
        table.process(parent).is_some_and(|parent| parent.pgid() != pgid && parent.sid() == process.sid());
    if !was_tied || !signal::is_orphaned(table, pgid, except) {
        return;
    }
    let members = table.group(pgid);
    if members.iter().any(|member| member.signals.is_stopped()) {
        for member in members {
            signal::send_to_process(member, Info::kernel(SIGHUP));
            signal::send_to_process(member, Info::kernel(SIGCONT));
        }
    }
}

/// Tells the parent. `true` if it does not want to wait: the process goes at once.
fn tell_parent_of_end(table: &Table, process: &Process, status: i32) -> bool {
    let Some(parent) = table.process(process.parent_pid()) else { return true };
    let exit_signal = process.exit_signal.load(Relaxed);
    let mut unwanted = false;
    let mut silent = exit_signal == 0;
    if exit_signal == SIGCHLD {
        let action = parent.signals.with_handlers(|handlers| handlers.get(SIGCHLD));
        silent = action.handler == SIG_IGN;
        unwanted = silent || action.flags & SaFlags::NOCLDWAIT.bits() != 0;
    }
    if !silent {
        let (code, value) = end_code(status);
        let info = Info { signo: exit_signal, ..signal::child_info(process, code, value) };
        signal::send_to_process(parent, info);
    }
    parent.children_changed.wake_all();
    unwanted
}

/// `si_code` and `si_status` of an ended process.
pub(super) fn end_code(status: i32) -> (i32, i32) {
    match status & 0x7f {
        0 => (code::CLD_EXITED, (status >> 8) & 0xff),
        signal if status & 0x80 != 0 => (code::CLD_DUMPED, signal),
        signal => (code::CLD_KILLED, signal),
    }
}

/// Enters a child with its parent.
pub(super) fn add_child(table: &mut Table, parent: &Process, child: &Arc<Process>) {
    let children = &mut parent.relations.get_mut(table).children;
    let slot = children.len();
    children.push(child.clone());
    child.relations.get_mut(table).child_slot = slot;
}

/// Removes an ended process from the table and from its parent's children. References to it are returned, to be
/// dropped when the table is unlocked.
pub(super) fn reap(table: &mut Table, process: &Arc<Process>) -> [Option<Arc<Process>>; 2] {
    let mut held = [None, None];
    let slot = process.relations.get(table).child_slot;
    if let Some(parent) = table.process(process.parent_pid()).cloned() {
        let children = &mut parent.relations.get_mut(table).children;
        if children.get(slot).is_some_and(|child| Arc::ptr_eq(child, process)) {
            held[0] = Some(children.swap_remove(slot));
            if let Some(moved) = children.get(slot).cloned() {
                moved.relations.get_mut(table).child_slot = slot;
            }
        }
    }
    held[1] = table.remove_process(process);
    held
}

/// The system calls.
pub mod calls {
    use super::*;
    use crate::SysResult;

    /// `exit(2)`: of the thread alone.
    pub fn exit(t: &Task, status: i32) -> SysResult {
        exit_thread(t, status_of_code(status))
    }

    /// `exit_group(2)`
    pub fn exit_group(t: &Task, status: i32) -> SysResult {
        super::exit_group(t, status_of_code(status))
    }
}
