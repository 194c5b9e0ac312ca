//! Nice values: getpriority(2) and setpriority(2).

use alloc::sync::Arc;
use alloc::vec::Vec;

use exo_kernel::sched::{Parameters, SchedSettings};

use super::scheduling::{find, is_nice_enough, settings};
use crate::process::{table, Process, Task};
use crate::security::Caps;
use crate::Errno;

const PRIO_PROCESS: i32 = 0;
const PRIO_PGRP: i32 = 1;
const PRIO_USER: i32 = 2;

/// The threads that `which` and `who` name.
pub(super) fn chosen(t: &Task, which: i32, who: i32) -> Result<Vec<Arc<Task>>, Errno> {
    let mut tasks = Vec::new();
    let mut push =
        |task: &Arc<Task>| tasks.try_reserve(1).map(|()| tasks.push(task.clone())).map_err(|_| Errno::ENOMEM);
    let all_of = |process: &Process, push: &mut dyn FnMut(&Arc<Task>) -> Result<(), Errno>| {
        let mut result = Ok(());
        process.for_each_task(|task| {
            if result.is_ok() {
                result = push(task);
            }
        });
        result
    };
    match which {
        PRIO_PROCESS => push(&find(t, who)?)?,
        PRIO_PGRP => {
            let group = if who == 0 { t.process().pgid() } else { who };
            let table = table::lock();
            for process in table.group(group) {
                all_of(process, &mut push)?;
            }
        }
        PRIO_USER => {
            let user = if who == 0 { t.creds().uid } else { who as u32 };
            for process in table::processes() {
                if process.creds().is_some_and(|creds| creds.uid == user) {
                    all_of(&process, &mut push)?;
                }
            }
        }
        _ => return Err(Errno::EINVAL),
    }
    if tasks.is_empty() {
        return Err(Errno::ESRCH);
    }
    Ok(tasks)
}

fn set_nice(t: &Task, other: &Task, nice: i8) -> Result<(), Errno> {
    let creds = t.creds();
    let theirs = other.creds_snapshot();
    let privileged = creds.capable(Caps::SYS_NICE);
    if theirs.uid != creds.euid && theirs.euid != creds.euid && !privileged {
        return Err(Errno::EPERM);
    }
    let old = settings(other)?;
    if nice < old.parameters.nice && !is_nice_enough(other, nice) && !privileged {
        return Err(Errno::EACCES);
    }
    let parameters = Parameters { nice, ..old.parameters };
    let thread = other.thread().ok_or(Errno::ESRCH)?;
    Ok(thread.set_settings(SchedSettings { parameters, ..old })?)
}

/// The system calls.
pub mod calls {
    use super::*;
    use crate::SysResult;

    /// `getpriority(2)`: 20 minus the nice value, so that it cannot be taken for an error.
    pub fn getpriority(t: &Task, which: i32, who: i32) -> SysResult {
        let tasks = chosen(t, which, who)?;
        let value = |task: &Arc<Task>| settings(task).ok().map(|settings| 20 - settings.parameters.nice);
        tasks.iter().filter_map(value).max().map(|value| value as usize).ok_or(Errno::ESRCH)
    }

    /// `setpriority(2)`
    pub fn setpriority(t: &Task, which: i32, who: i32, prio: i32) -> SysResult {
        let nice = prio.clamp(-20, 19) as i8;
        let mut result = Ok(0);
        for task in chosen(t, which, who)? {
            if let Err(error) = set_nice(t, &task, nice) {
                result = Err(error);
            }
        }
        result
    }
}
