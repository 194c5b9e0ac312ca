//! Priorities, policies and affinity.
//!
//! The scheduler predicts by itself who is interactive; what a program asks for is kept and told, and `nice` is
//! inherited. Real-time policies are kept likewise.

use alloc::sync::Arc;

use exo_kernel::sched::{self, SchedPolicy, SchedSettings};

use crate::process::{table, Resource, Task};
use crate::security::Caps;
use crate::{Errno, Pid};

/// The thread `pid` names; 0 is the caller. ESRCH if there is none.
fn find(t: &Task, pid: Pid) -> Result<Arc<Task>, Errno> {
    let pid = if pid == 0 { t.tid() } else { pid };
    table::task(pid).ok_or(Errno::ESRCH)
}

/// As [`find`], where a negative number is EINVAL.
fn find_valid(t: &Task, pid: Pid) -> Result<Arc<Task>, Errno> {
    if pid < 0 {
        return Err(Errno::EINVAL);
    }
    find(t, pid)
}

fn settings(task: &Task) -> Result<SchedSettings, Errno> {
    Ok(task.thread().ok_or(Errno::ESRCH)?.settings())
}

/// May `t` change how `other` is scheduled?
fn may_change(t: &Task, other: &Task) -> bool {
    let (mine, theirs) = (t.creds(), other.creds_snapshot());
    mine.euid == theirs.euid || mine.euid == theirs.uid || mine.capable(Caps::SYS_NICE)
}

/// The lowest nice value that the limit of `task`'s process allows.
fn lowest_nice(task: &Task) -> i32 {
    20 - task.process().limit(Resource::Nice).min(40) as i32
}

/// The system calls.
pub mod calls {
    use alloc::vec::Vec;

    use exo_kernel::user::UserPtr;
    use posix_x_abi::types::Timespec;

    use super::*;
    use crate::process::Process;
    use crate::time::timespec;
    use crate::{SysResult, UserAddr};

    /// Of SCHED_RR.
    const ROUND: u64 = 100_000_000;
    const RESET_ON_FORK: i32 = 0x4000_0000;
    const PRIO_PROCESS: i32 = 0;
    const PRIO_PGRP: i32 = 1;
    const PRIO_USER: i32 = 2;

    /// `sched_yield(2)`
    pub fn sched_yield(_t: &Task) -> SysResult {
        sched::yield_now();
        Ok(0)
    }

    fn policy(number: i32) -> Result<SchedPolicy, Errno> {
        Ok(match number {
            0 => SchedPolicy::Normal,
            1 => SchedPolicy::Fifo,
            2 => SchedPolicy::RoundRobin,
            3 => SchedPolicy::Batch,
            5 => SchedPolicy::Idle,
            _ => return Err(Errno::EINVAL),
        })
    }

    fn is_real_time(policy: SchedPolicy) -> bool {
        matches!(policy, SchedPolicy::Fifo | SchedPolicy::RoundRobin)
    }

    fn change(t: &Task, other: &Task, policy: SchedPolicy, priority: i32, reset_on_fork: bool) -> SysResult {
        let range = if is_real_time(policy) { 1..=99 } else { 0..=0 };
        if !range.contains(&priority) {
            return Err(Errno::EINVAL);
        }
        let old = settings(other)?;
        if !t.creds().capable(Caps::SYS_NICE) {
            let limit = other.process().limit(Resource::RealTimePriority) as i64;
            let raises = is_real_time(policy) && i64::from(priority) > limit;
            let leaves_idle = old.policy == SchedPolicy::Idle
                && policy != SchedPolicy::Idle
                && old.nice < lowest_nice(other);
            if raises || leaves_idle || !may_change(t, other) || old.reset_on_fork && !reset_on_fork {
                return Err(Errno::EPERM);
            }
        }
        let thread = other.thread().ok_or(Errno::ESRCH)?;
        thread.set_settings(SchedSettings { policy, priority, reset_on_fork, ..old });
        Ok(0)
    }

    /// `sched_setscheduler(2)`
    pub fn sched_setscheduler(t: &Task, pid: Pid, number: i32, param: UserPtr<i32>) -> SysResult {
        if number < 0 || pid < 0 {
            return Err(Errno::EINVAL);
        }
        let param = param.non_null().ok_or(Errno::EINVAL)?;
        let priority = param.read()?;
        let other = find(t, pid)?;
        change(t, &other, policy(number & !RESET_ON_FORK)?, priority, number & RESET_ON_FORK != 0)
    }

    /// `sched_setparam(2)`
    pub fn sched_setparam(t: &Task, pid: Pid, param: UserPtr<i32>) -> SysResult {
        let param = param.non_null().filter(|_| pid >= 0).ok_or(Errno::EINVAL)?;
        let priority = param.read()?;
        let other = find(t, pid)?;
        let old = settings(&other)?;
        change(t, &other, old.policy, priority, old.reset_on_fork)
    }

    /// `sched_getscheduler(2)`
    pub fn sched_getscheduler(t: &Task, pid: Pid) -> SysResult {
        let settings = settings(&*find_valid(t, pid)?)?;
        let reset = if settings.reset_on_fork { RESET_ON_FORK } else { 0 };
        Ok((settings.policy as i32 | reset) as usize)
    }

    /// `sched_getparam(2)`
    pub fn sched_getparam(t: &Task, pid: Pid, param: UserPtr<i32>) -> SysResult {
        let param = param.non_null().ok_or(Errno::EINVAL)?;
        param.write(&settings(&*find_valid(t, pid)?)?.priority)?;
        Ok(0)
    }

    /// `sched_get_priority_max(2)`
    pub fn sched_get_priority_max(_t: &Task, number: i32) -> SysResult {
        match number {
            1 | 2 => Ok(99),
            0 | 3 | 5 | 6 => Ok(0),
            _ => Err(Errno::EINVAL),
        }
    }

    /// `sched_get_priority_min(2)`
    pub fn sched_get_priority_min(_t: &Task, number: i32) -> SysResult {
        match number {
            1 | 2 => Ok(1),
            0 | 3 | 5 | 6 => Ok(0),
            _ => Err(Errno::EINVAL),
        }
    }

    /// `sched_rr_get_interval(2)`
    pub fn sched_rr_get_interval(t: &Task, pid: Pid, interval: UserPtr<Timespec>) -> SysResult {
        let quantum = match settings(&*find_valid(t, pid)?)?.policy {
            SchedPolicy::Fifo => 0,
            SchedPolicy::RoundRobin => ROUND,
            _ => sched::QUANTUM,
        };
        interval.write(&timespec(quantum))?;
        Ok(0)
    }

    /// `sched_getaffinity(2)`
    pub fn sched_getaffinity(t: &Task, pid: Pid, size: usize, mask: UserAddr) -> SysResult {
        const WORD: usize = size_of::<u64>();
        if size < WORD || size % WORD != 0 {
            return Err(Errno::EINVAL);
        }
        let affinity = find(t, pid)?.thread().ok_or(Errno::ESRCH)?.affinity();
        mask.cast::<u64>().write(&(affinity & sched::online_mask()))?;
        Ok(WORD)
    }

    /// `sched_setaffinity(2)`
    pub fn sched_setaffinity(t: &Task, pid: Pid, size: usize, mask: UserAddr) -> SysResult {
        let mut bytes = [0; size_of::<u64>()];
        let used = size.min(bytes.len());
        mask.read_slice(&mut bytes[..used])?;
        let other = find(t, pid)?;
        if !may_change(t, &other) {
            return Err(Errno::EPERM);
        }
        let cpus = u64::from_ne_bytes(bytes);
        if cpus & sched::online_mask() == 0 {
            return Err(Errno::EINVAL);
        }
        other.thread().ok_or(Errno::ESRCH)?.set_affinity(cpus);
        Ok(0)
    }

    /// The threads that `which` and `who` name.
    pub(in crate::time) fn chosen(t: &Task, which: i32, who: i32) -> Result<Vec<Arc<Task>>, Errno> {
        let mut tasks = Vec::new();
        let mut push = |task: &Arc<Task>| {
            tasks.try_reserve(1).map(|()| tasks.push(task.clone())).map_err(|_| Errno::ENOMEM)
        };
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

    /// `getpriority(2)`: 20 minus the nice value, so that it cannot be taken for an error.
    pub fn getpriority(t: &Task, which: i32, who: i32) -> SysResult {
        let tasks = chosen(t, which, who)?;
        let highest =
            tasks.iter().filter_map(|task| settings(task).ok()).map(|settings| 20 - settings.nice).max();
        highest.map(|value| value as usize).ok_or(Errno::ESRCH)
    }

    fn set_nice(t: &Task, other: &Task, nice: i32) -> Result<(), Errno> {
        let creds = t.creds();
        let theirs = other.creds_snapshot();
        if theirs.uid != creds.euid && theirs.euid != creds.euid && !creds.capable(Caps::SYS_NICE) {
            return Err(Errno::EPERM);
        }
        let old = settings(other)?;
        if nice < old.nice && nice < lowest_nice(other) && !creds.capable(Caps::SYS_NICE) {
            return Err(Errno::EACCES);
        }
        other.thread().ok_or(Errno::ESRCH)?.set_settings(SchedSettings { nice, ..old });
        Ok(())
    }

    /// `setpriority(2)`
    pub fn setpriority(t: &Task, which: i32, who: i32, prio: i32) -> SysResult {
        let nice = prio.clamp(-20, 19);
        let results = chosen(t, which, who)?.iter().map(|task| set_nice(t, task, nice)).collect::<Vec<_>>();
        results.into_iter().find(Result::is_err).unwrap_or(Ok(())).map(|()| 0)
    }
}
