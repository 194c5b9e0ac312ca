//! `fcntl`: everything about a descriptor that has no call of its own.

use alloc::sync::Arc;

use exo_kernel::cap::{Capability, Rights};
use exo_kernel::user::UserPtr;
use exo_kernel::vfs::{OpenFile, Status};

use super::{descriptors, flags, limit, locks, memfd, pipe, signal_io, FdTable};
use crate::security::Caps;
use crate::{Errno, Fd, SysResult, Task};

const F_DUPFD: u32 = 0;
const F_GETFD: u32 = 1;
const F_SETFD: u32 = 2;
const F_GETFL: u32 = 3;
const F_SETFL: u32 = 4;
const F_GETLK: u32 = 5;
const F_SETLK: u32 = 6;
const F_SETLKW: u32 = 7;
const F_SETOWN: u32 = 8;
const F_GETOWN: u32 = 9;
const F_SETSIG: u32 = 10;
const F_GETSIG: u32 = 11;
const F_SETOWN_EX: u32 = 15;
const F_GETOWN_EX: u32 = 16;
const F_GETOWNER_UIDS: u32 = 17;
const F_OFD_GETLK: u32 = 36;
const F_OFD_SETLK: u32 = 37;
const F_OFD_SETLKW: u32 = 38;
const F_SETLEASE: u32 = 1024;
const F_GETLEASE: u32 = 1025;
const F_DUPFD_CLOEXEC: u32 = 1030;
const F_SETPIPE_SZ: u32 = 1031;
const F_GETPIPE_SZ: u32 = 1032;
const F_ADD_SEALS: u32 = 1033;
const F_GET_SEALS: u32 = 1034;

const FD_CLOEXEC: usize = 1;
/// "No lease" (`F_UNLCK`).
const NO_LEASE: usize = 2;

/// The flags that `F_SETFL` can change.
const CHANGEABLE: Status =
    Status::APPEND.union(Status::NONBLOCK).union(Status::DIRECT).union(Status::NO_ATIME).union(Status::ASYNC);

/// Does one of many things with a descriptor.
pub fn fcntl(t: &Task, fd: Fd, cmd: u32, arg: usize) -> SysResult {
    match cmd {
        F_GETFD => return Ok(usize::from(t.files().close_on_exec(fd.0)?)),
        F_SETFD => {
            t.files().set_close_on_exec(fd.0, arg & FD_CLOEXEC != 0)?;
            return Ok(0);
        }
        _ => {}
    }
    let capability = FdTable::get(t.files(), fd.0)?;
    match cmd {
        F_DUPFD => duplicate(t, &capability, arg, false),
        F_DUPFD_CLOEXEC => duplicate(t, &capability, arg, true),
        F_GETFL => Ok(flags::tell(capability.file(Rights::empty())?) as usize),
        F_ADD_SEALS if !capability.rights().contains(Rights::WRITE) => Err(Errno::EPERM),
        // Everything else needs a file that was opened in earnest.
        _ => on_file(t, capability.file(Rights::CONTROL)?, fd, cmd, arg),
    }
}

fn duplicate(t: &Task, capability: &Capability, from: usize, close_on_exec: bool) -> SysResult {
    // An int, as in Linux: what does not fit is out of range as well.
    if from as u32 as usize >= limit(t) {
        return Err(Errno::EINVAL);
    }
    let copy = descriptors::duplicate(capability)?;
    Ok(t.files().insert(copy, close_on_exec, from as u32 as usize, limit(t))? as usize)
}

fn on_file(t: &Task, file: &Arc<OpenFile>, fd: Fd, cmd: u32, arg: usize) -> SysResult {
    match cmd {
        F_SETFL => set_flags(t, file, fd, arg as u32),
        F_GETLK => locks::test(t, file, UserPtr::new(arg), false),
        F_SETLK => locks::set(t, file, fd, UserPtr::new(arg), false, false),
        F_SETLKW => locks::set(t, file, fd, UserPtr::new(arg), false, true),
        F_OFD_GETLK => locks::test(t, file, UserPtr::new(arg), true),
        F_OFD_SETLK => locks::set(t, file, fd, UserPtr::new(arg), true, false),
        F_OFD_SETLKW => locks::set(t, file, fd, UserPtr::new(arg), true, true),
        F_GETOWN => Ok(signal_io::owner_number(file) as usize),
        F_SETOWN => signal_io::set_owner(t, file, fd, arg as i32),
        F_GETOWN_EX => signal_io::get_owner_ex(file, UserPtr::new(arg)),
        F_SETOWN_EX => signal_io::set_owner_ex(t, file, fd, UserPtr::new(arg)),
        F_GETOWNER_UIDS => signal_io::get_owner_uids(file, UserPtr::new(arg)),
        F_GETSIG => Ok(file.async_owner().signal as usize),
        F_SETSIG => signal_io::set_signal(file, arg),
        F_GETLEASE => Ok(NO_LEASE),
        // Nothing here breaks leases, so none are given.
        F_SETLEASE if arg == NO_LEASE => Err(Errno::EAGAIN),
        F_SETLEASE => Err(Errno::EINVAL),
        F_SETPIPE_SZ => pipe::set_capacity(t, file, arg),
        F_GETPIPE_SZ => pipe::capacity(file),
        F_ADD_SEALS => memfd::add_seals(file, arg),
        F_GET_SEALS => memfd::seals(file),
        _ => Err(Errno::EINVAL),
    }
}

/// `F_SETFL`. Access mode and creation flags are silently left as they are.
fn set_flags(t: &Task, file: &Arc<OpenFile>, fd: Fd, flags: u32) -> SysResult {
    let wanted = flags::status(flags) & CHANGEABLE;
    if wanted.contains(Status::NO_ATIME) && !file.status().contains(Status::NO_ATIME) {
        let owner = file.metadata()?.uid;
        if t.creds().fsuid != owner && !t.creds().capable(Caps::FOWNER) {
            return Err(Errno::EPERM);
        }
    }
    file.set_status(CHANGEABLE, wanted)?;
    signal_io::enable(file, fd)
}
