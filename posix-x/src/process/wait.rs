//! Waiting for children.

use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;

use exo_kernel::sync::Sleep;
use exo_kernel::user::UserPtr;
use posix_x_abi::types::{Rusage, SigInfo};

use super::table::{self, Table};
use super::usage::Usage;
use super::{exit, Process, Task};
use crate::signal::{code, Info, SIGCHLD, SIGCONT};
use crate::{Errno, Pid, SysResult};

bitflags::bitflags! {
    /// What to wait for, and how.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    struct Options: u32 {
        const NOHANG = 1;
        const STOPPED = 2;
        const EXITED = 4;
        const CONTINUED = 8;
        const NOWAIT = 0x0100_0000;
        const NOTHREAD = 0x2000_0000;
        const ALL = 0x4000_0000;
        const CLONE = 0x8000_0000;
    }
}

/// Which children.
#[derive(Clone)]
enum Which {
    Any,
    Process(Pid),
    Group(Pid),
}

/// What became of a child.
struct Outcome {
    pid: Pid,
    uid: u32,
    /// `si_code`, `si_status`.
    code: i32,
    value: i32,
    /// As wait4 tells it.
    status: i32,
    usage: Usage,
    /// References to drop when the table is unlocked.
    _held: [Option<Arc<Process>>; 2],
}

impl Which {
    fn includes(&self, child: &Process) -> bool {
        match self {
            Self::Any => true,
            Self::Process(pid) => child.pid() == *pid,
            Self::Group(pgid) => child.pgid() == *pgid,
        }
    }
}

/// Does the kind of child (one that sends SIGCHLD, or another) fit the options?
fn kind_fits(child: &Process, options: Options) -> bool {
    let other = child.exit_signal.load(Relaxed) != SIGCHLD;
    options.contains(Options::ALL) || other == options.contains(Options::CLONE)
}

/// Looks at the children once. `None`: nothing yet.
fn look(task: &Task, which: &Which, options: Options) -> Option<Result<Outcome, Errno>> {
    let mut table = table::lock();
    let parent = task.process();
    let mut any = false;
    let mut found = None;
    for child in &parent.relations.get(&table).children {
        if !which.includes(child) || !kind_fits(child, options) {
            continue;
        }
        any = true;
        let report = child.relations.get(&table).report;
        let wanted = report.ended.is_some() && options.contains(Options::EXITED)
            || report.ended.is_none()
                && report.stopped.is_some()
                && options.contains(Options::STOPPED)
                && child.signals.is_stopped()
            || report.ended.is_none() && report.continued && options.contains(Options::CONTINUED);
        if wanted {
            found = Some(child.clone());
            break;
        }
    }
    match found {
        Some(child) => Some(Ok(take_report(&mut table, parent, &child, options))),
        None if !any => Some(Err(Errno::ECHILD)),
        None => None,
    }
}

/// Takes the child's news, unless it is to stay for another wait.
fn take_report(table: &mut Table, parent: &Process, child: &Arc<Process>, options: Options) -> Outcome {
    let stays = options.contains(Options::NOWAIT);
    let report = &mut child.relations.get_mut(table).report;
    // What its own children used belongs to it.
    let mut usage = Usage::of_process(child);
    usage += child.children_usage();
    let uid = child.user();
    let (code, value, status) = if let Some(status) = report.ended {
        let (code, value) = exit::end_code(status);
        (code, value, status)
    } else if let Some(signal) = report.stopped {
        report.stopped = if stays { Some(signal) } else { None };
        (code::CLD_STOPPED, signal, signal << 8 | 0x7f)
    } else {
        report.continued = stays;
        (code::CLD_CONTINUED, SIGCONT, 0xffff)
    };
    let mut held = [None, None];
    if report.ended.is_some() && !stays {
        parent.add_child(usage);
        held = exit::reap(table, child);
    }
    Outcome { pid: child.pid(), uid, code, value, status, usage, _held: held }
}

/// Waits. `None`: nothing yet, and the options say not to wait.
fn wait(task: &Task, which: &Which, options: Options) -> Result<Option<Outcome>, Errno> {
    if let Some(outcome) = look(task, which, options) {
        return outcome.map(Some);
    }
    if options.contains(Options::NOHANG) {
        return Ok(None);
    }
    let queue = &task.process().children_changed;
    queue.wait(Sleep::Interruptible, None, || look(task, which, options))?.map(Some)
}

fn write_usage(pointer: UserPtr<Rusage>, usage: Usage) -> Result<(), Errno> {
    if !pointer.is_null() {
        pointer.write(&usage.to_rusage())?;
    }
    Ok(())
}

/// The system calls.
pub mod calls {
    use super::*;
    use crate::fd::FdTable;

    /// `wait4(2)`
    pub fn wait4(
        t: &Task,
        pid: Pid,
        status: UserPtr<i32>,
        options: u32,
        rusage: UserPtr<Rusage>,
    ) -> SysResult {
        let allowed = Options::NOHANG
            | Options::STOPPED
            | Options::CONTINUED
            | Options::NOTHREAD
            | Options::CLONE
            | Options::ALL;
        let options =
            Options::from_bits(options).filter(|options| allowed.contains(*options)).ok_or(Errno::EINVAL)?;
        let which = match pid {
            Pid::MIN => return Err(Errno::ESRCH),
            -1 => Which::Any,
            0 => Which::Group(t.process().pgid()),
            1.. => Which::Process(pid),
            _ => Which::Group(-pid),
        };
        let Some(outcome) = wait(t, &which, options | Options::EXITED)? else { return Ok(0) };
        if !status.is_null() {
            status.write(&outcome.status)?;
        }
        write_usage(rusage, outcome.usage)?;
        Ok(outcome.pid as usize)
    }

    /// `waitid(2)`
    pub fn waitid(
        t: &Task,
        which: i32,
        id: Pid,
        info: UserPtr<SigInfo>,
        options: u32,
        rusage: UserPtr<Rusage>,
    ) -> SysResult {
        const P_ALL: i32 = 0;
        const P_PID: i32 = 1;
        const P_PGID: i32 = 2;
        const P_PIDFD: i32 = 3;
        let options = Options::from_bits(options).ok_or(Errno::EINVAL)?;
        if !options.intersects(Options::EXITED | Options::STOPPED | Options::CONTINUED) {
            return Err(Errno::EINVAL);
        }
        // In use as long as the call waits, so that it ends if a derived capability is revoked.
        let pidfd = (which == P_PIDFD && id >= 0).then(|| FdTable::get(t.files(), id)).transpose()?;
        let which = match which {
            P_ALL => Which::Any,
            P_PID if id > 0 => Which::Process(id),
            P_PGID if id == 0 => Which::Group(t.process().pgid()),
            P_PGID if id > 0 => Which::Group(id),
            P_PIDFD if id >= 0 => Which::Process(super::super::pidfd::pid_of(t, crate::Fd(id))?),
            _ => return Err(Errno::EINVAL),
        };
        let outcome = wait(t, &which, options)?;
        drop(pidfd);
        let usage = outcome.as_ref().map(|outcome| outcome.usage);
        if !info.is_null() {
            let user = match &outcome {
                Some(outcome) => {
                    let info = Info::child(outcome.code, outcome.pid, outcome.uid, outcome.value, (0, 0));
                    info.to_user()
                }
                None => SigInfo::default(),
            };
            // Only what says something is stored: three numbers, and behind a gap process, user and status.
            let bytes = bytemuck::bytes_of(&user);
            let target = info.cast::<u8>();
            target.write_slice(&bytes[..12])?;
            target.add(16).write_slice(&bytes[16..28])?;
        }
        if let Some(usage) = usage {
            write_usage(rusage, usage)?;
        }
        Ok(0)
    }
}
