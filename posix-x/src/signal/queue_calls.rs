//! Sending: `kill`, `tkill`, `tgkill`, `rt_sigqueueinfo`, `rt_tgsigqueueinfo`.

use alloc::sync::Arc;

use exo_kernel::user::UserPtr;
use posix_x_abi::types::SigInfo;

use super::{code, send, Info, SIGNAL_MAX};
use crate::process::{table, Process, Task};
use crate::{Errno, Pid, SysResult};

/// Asks for permission, then sends; signal 0 only asks.
fn send_one(t: &Task, process: &Process, task: Option<&Task>, signal: i32, info: Info) -> Result<(), Errno> {
    if !(0..=SIGNAL_MAX).contains(&signal) {
        return Err(Errno::EINVAL);
    }
    if !send::permitted(t.creds(), t, process, signal) {
        return Err(Errno::EPERM);
    }
    if signal == 0 {
        return Ok(());
    }
    send::post_for(t, process, task, info)
}

/// As [`send_one`], to a process.
pub(crate) fn send_checked(
    t: &Task,
    process: &Process,
    task: Option<&Task>,
    signal: i32,
    info: Info,
) -> Result<(), Errno> {
    send_one(t, process, task, signal, info)
}

/// Sends to each of several processes. Success if one was reached; else the last error, or ESRCH.
fn send_many<'a>(
    t: &Task,
    processes: impl Iterator<Item = &'a Arc<Process>>,
    signal: i32,
    info: Info,
) -> SysResult {
    let mut result = Err(Errno::ESRCH);
    for process in processes {
        match send_one(t, process, None, signal, info) {
            Ok(()) => result = Ok(0),
            Err(error) if result.is_err() => result = Err(error),
            Err(_) => {}
        }
    }
    result
}

/// Sends to thread `tid`, of process `tgid` if that is not 0.
fn send_thread(t: &Task, tgid: Pid, tid: Pid, signal: i32, info: Info) -> SysResult {
    let task = table::task(tid).ok_or(Errno::ESRCH)?;
    if tgid != 0 && task.pid() != tgid {
        return Err(Errno::ESRCH);
    }
    send_one(t, task.process(), Some(&task), signal, info)?;
    Ok(0)
}

/// The details a caller gives to `rt_sigqueueinfo`: it must not pretend to be the kernel or `kill`.
fn read_info(t: &Task, target: Pid, signal: i32, info: UserPtr<SigInfo>) -> Result<Info, Errno> {
    let info = Info::read(info, Some(signal))?;
    if (info.code >= 0 || info.code == code::SI_TKILL) && target != t.pid() {
        return Err(Errno::EPERM);
    }
    Ok(info)
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `kill(2)`
    pub fn kill(t: &Task, pid: Pid, signal: i32) -> SysResult {
        if pid == Pid::MIN {
            return Err(Errno::ESRCH);
        }
        let info = Info::from_task(signal, code::SI_USER, t);
        if pid == t.pid() {
            send_one(t, t.process(), None, signal, info)?;
            return Ok(0);
        }
        match pid {
            1.. => {
                let process = table::process(pid).ok_or(Errno::ESRCH)?;
                send_one(t, &process, None, signal, info)?;
                Ok(0)
            }
            -1 => {
                let own = t.pid();
                let all = table::processes();
                send_many(
                    t,
                    all.iter().filter(|process| process.pid() > 1 && process.pid() != own),
                    signal,
                    info,
                )
            }
            _ => {
                let pgid = if pid == 0 { t.process().pgid() } else { -pid };
                let table = table::lock();
                send_many(t, table.group(pgid).iter(), signal, info)
            }
        }
    }

    /// `tkill(2)`
    pub fn tkill(t: &Task, tid: Pid, signal: i32) -> SysResult {
        if tid <= 0 {
            return Err(Errno::EINVAL);
        }
        send_thread(t, 0, tid, signal, Info::from_task(signal, code::SI_TKILL, t))
    }

    /// `tgkill(2)`
    pub fn tgkill(t: &Task, tgid: Pid, tid: Pid, signal: i32) -> SysResult {
        if tgid <= 0 || tid <= 0 {
            return Err(Errno::EINVAL);
        }
        let info = Info::from_task(signal, code::SI_TKILL, t);
        if tid == t.tid() && tgid == t.pid() {
            send_one(t, t.process(), Some(t), signal, info)?;
            return Ok(0);
        }
        send_thread(t, tgid, tid, signal, info)
    }

    /// `rt_sigqueueinfo(2)`
    pub fn rt_sigqueueinfo(t: &Task, pid: Pid, signal: i32, info: UserPtr<SigInfo>) -> SysResult {
        let info = read_info(t, pid, signal, info)?;
        let process = table::process(pid).ok_or(Errno::ESRCH)?;
        send_one(t, &process, None, signal, info)?;
        Ok(0)
    }

    /// `rt_tgsigqueueinfo(2)`
    pub fn rt_tgsigqueueinfo(
        t: &Task,
        tgid: Pid,
        tid: Pid,
        signal: i32,
        info: UserPtr<SigInfo>,
    ) -> SysResult {
        let info = read_info(t, tgid, signal, info)?;
        if tgid <= 0 || tid <= 0 {
            return Err(Errno::EINVAL);
        }
        send_thread(t, tgid, tid, signal, info)
    }
}
