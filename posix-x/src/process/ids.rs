//! Numbers of processes, groups and sessions, and moving between groups.

use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;

use super::table::{self, Table};
use super::{Process, Session, Task};
use crate::{Errno, Pid, SysResult};

/// The process with this number, or the caller's own for 0.
fn process_or_own(t: &Task, pid: Pid) -> Result<Arc<Process>, Errno> {
    if pid == 0 {
        return Ok(t.process().clone());
    }
    table::task(pid).map(|task| task.process().clone()).or_else(|| table::process(pid)).ok_or(Errno::ESRCH)
}

/// May the caller move `process` into group `pgid`?
fn check_move(table: &Table, t: &Task, process: &Arc<Process>, pgid: Pid) -> Result<(), Errno> {
    let own = t.process();
    if !Arc::ptr_eq(process, own) {
        if process.parent_pid() != own.pid() {
            return Err(Errno::ESRCH);
        }
        if process.sid() != own.sid() {
            return Err(Errno::EPERM);
        }
        if process.executed.load(Relaxed) {
            return Err(Errno::EACCES);
        }
    }
    if process.sid() == process.pid() {
        return Err(Errno::EPERM);
    }
    // Another group must be there already, in the same session.
    if pgid != process.pid() && !table.group(pgid).iter().any(|member| member.sid() == own.sid()) {
        return Err(Errno::EPERM);
    }
    Ok(())
}

/// The system calls.
pub mod calls {
    use super::*;

    /// `setpgid(2)`
    pub fn setpgid(t: &Task, pid: Pid, pgid: Pid) -> SysResult {
        let pid = if pid == 0 { t.pid() } else { pid };
        let pgid = if pgid == 0 { pid } else { pgid };
        if pgid < 0 {
            return Err(Errno::EINVAL);
        }
        let mut table = table::lock();
        let process = table.process(pid).cloned().ok_or(Errno::ESRCH)?;
        check_move(&table, t, &process, pgid)?;
        if process.pgid() != pgid {
            table.set_group(&process, pgid);
        }
        Ok(0)
    }

    /// `getpgid(2)`
    pub fn getpgid(t: &Task, pid: Pid) -> SysResult {
        Ok(process_or_own(t, pid)?.pgid() as usize)
    }

    /// `setsid(2)`
    pub fn setsid(t: &Task) -> SysResult {
        let process = t.process();
        let session = Arc::new(Session::new(process.pid()));
        let mut table = table::lock();
        // The number must be free as a group's: a leader cannot leave its group behind.
        if process.sid() == process.pid() || !table.group(process.pid()).is_empty() {
            return Err(Errno::EPERM);
        }
        table.set_session(process, session);
        Ok(process.pid() as usize)
    }

    /// `getsid(2)`
    pub fn getsid(t: &Task, pid: Pid) -> SysResult {
        Ok(process_or_own(t, pid)?.sid() as usize)
    }
}
