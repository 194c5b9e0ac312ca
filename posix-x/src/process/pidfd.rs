//! Process descriptors: `pidfd_open`, `pidfd_send_signal`, and what clone makes of `CLONE_PIDFD`.

use alloc::sync::Arc;
use core::fmt;

use exo_kernel::cap::{Capability, ObjectKind, Rights};
use exo_kernel::sync::{Events, PollTable};
use exo_kernel::vfs::{Access, File, OpenFile, Status};

use super::{table, Process, Task};
use crate::fd::Reserved;
use crate::{Errno, Fd, Pid, SysResult};

/// What is behind a process descriptor.
pub struct PidFd {
    process: Arc<Process>,
}

impl PidFd {
    /// The process.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }
}

impl File for PidFd {
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::Process
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.register(&self.process.ended);
        }
        if self.process.is_zombie() {
            Events::IN | Events::RDNORM
        } else {
            Events::empty()
        }
    }
    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("anon_inode:[pidfd]")
    }
}

/// The original capability to a process.
pub fn capability(process: &Arc<Process>, status: Status) -> Capability {
    let file = Arc::new(PidFd { process: process.clone() });
    Capability::new(OpenFile::new(file, Access::READ | Access::WRITE, status))
}

/// The process behind a descriptor that gives a right to it.
pub(super) fn process_of(t: &Task, fd: Fd, right: Rights) -> Result<Arc<Process>, Errno> {
    let capability = t.files().capability(fd.0)?;
    let file = capability.file(right)?;
    file.file().downcast::<PidFd>().map(|pidfd| pidfd.process.clone()).ok_or(Errno::EBADF)
}

/// The number of the process behind a descriptor that may be waited for.
pub(super) fn pid_of(t: &Task, fd: Fd) -> Result<Pid, Errno> {
    Ok(process_of(t, fd, Rights::WAIT)?.pid())
}

/// A descriptor for a process that is being made.
pub(super) struct NewPidFd<'a> {
    place: Reserved<'a>,
    capability: Capability,
}

impl NewPidFd<'_> {
    /// The descriptor's number.
    pub fn number(&self) -> i32 {
        self.place.number()
    }
    /// Makes it valid.
    pub fn install(self) {
        self.place.install(self.capability, true);
    }
}

/// Reserves a descriptor for a process.
pub(super) fn reserve<'a>(t: &'a Task, process: &Arc<Process>) -> Result<NewPidFd<'a>, Errno> {
    let place = t.files().reserve(t.process().limit_of_files() as usize)?;
    Ok(NewPidFd { place, capability: capability(process, Status::empty()) })
}

/// The system calls.
pub mod calls {
    use super::*;
    use crate::process::handle::ThreadHandle;
    use crate::signal::{self, code, Info};
    use exo_kernel::user::UserPtr;
    use posix_x_abi::types::SigInfo;

    /// `pidfd_open(2)`
    pub fn pidfd_open(t: &Task, pid: Pid, flags: u32) -> SysResult {
        const PIDFD_NONBLOCK: u32 = 0o4000;
        if flags & !PIDFD_NONBLOCK != 0 || pid <= 0 {
            return Err(Errno::EINVAL);
        }
        let (process, is_thread) = {
            let table = table::lock();
            (table.process(pid).cloned(), table.task(pid).is_some())
        };
        // A thread that does not lead its group has no descriptor.
        let process = process.ok_or(if is_thread { Errno::EINVAL } else { Errno::ESRCH })?;
        let status = if flags & PIDFD_NONBLOCK != 0 { Status::NONBLOCK } else { Status::empty() };
        let fd =
            t.files().insert(capability(&process, status), true, 0, t.process().limit_of_files() as usize)?;
        Ok(fd as usize)
    }

    /// `pidfd_send_signal(2)`
    pub fn pidfd_send_signal(t: &Task, pidfd: Fd, sig: i32, info: UserPtr<SigInfo>, flags: u32) -> SysResult {
        if flags != 0 {
            return Err(Errno::EINVAL);
        }
        let (process, task) = match thread_of(t, pidfd)? {
            Some(task) => (task.process().clone(), Some(task)),
            None => (process_of(t, pidfd, Rights::SIGNAL)?, None),
        };
        let info = if info.is_null() {
            Info::from_task(sig, code::SI_USER, t)
        } else {
            let info = Info::read(info, None)?;
            if info.signo != sig {
                return Err(Errno::EINVAL);
            }
            if (info.code >= 0 || info.code == code::SI_TKILL) && process.pid() != t.pid() {
                return Err(Errno::EPERM);
            }
            info
        };
        if table::process(process.pid()).is_none_or(|known| !Arc::ptr_eq(&known, &process)) {
            return Err(Errno::ESRCH);
        }
        signal::send_checked(t, &process, task.as_deref(), sig, info)?;
        Ok(0)
    }

    /// The thread behind a descriptor that is one of a thread. ESRCH if it has ended.
    fn thread_of(t: &Task, fd: Fd) -> Result<Option<Arc<Task>>, Errno> {
        let capability = t.files().capability(fd.0)?;
        let file = capability.file(Rights::SIGNAL)?;
        let Some(handle) = file.file().downcast::<ThreadHandle>() else { return Ok(None) };
        handle.task().map(Some).ok_or(Errno::ESRCH)
    }
}
