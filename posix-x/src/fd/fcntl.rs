//! `fcntl`: everything about a descriptor that has no call of its own.

use alloc::sync::Arc;

use exo_kernel::cap::{Capability, Rights};
use exo_kernel::user::UserPtr;
use exo_kernel::vfs::{AsyncOwner, OpenFile, Status};
use posix_x_abi::types::FOwnerEx;

use super::{descriptors, flags, limit, locks, memfd, pipe, FdTable};
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

/// Whom `F_SETOWN_EX` names.
const F_OWNER_TID: i32 = 0;
const F_OWNER_PID: i32 = 1;
const F_OWNER_PGRP: i32 = 2;

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
        // Everything else needs a file that was opened in earnest.
        _ => on_file(t, capability.file(Rights::CONTROL)?, cmd, arg),
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

fn on_file(t: &Task, file: &Arc<OpenFile>, cmd: u32, arg: usize) -> SysResult {
    match cmd {
        F_SETFL => set_flags(t, file, arg as u32),
        F_GETLK => locks::test(t, file, UserPtr::new(arg), false),
        F_SETLK => locks::set(t, file, UserPtr::new(arg), false, false),
        F_SETLKW => locks::set(t, file, UserPtr::new(arg), false, true),
        F_OFD_GETLK => locks::test(t, file, UserPtr::new(arg), true),
        F_OFD_SETLK => locks::set(t, file, UserPtr::new(arg), true, false),
        F_OFD_SETLKW => locks::set(t, file, UserPtr::new(arg), true, true),
        F_GETOWN => Ok(owner_number(file) as usize),
        F_SETOWN => set_owner(t, file, arg as i32),
        F_GETOWN_EX => get_owner_ex(file, UserPtr::new(arg)),
        F_SETOWN_EX => set_owner_ex(t, file, UserPtr::new(arg)),
        F_GETOWNER_UIDS => get_owner_uids(file, UserPtr::new(arg)),
        F_GETSIG => Ok(file.async_owner().signal as usize),
        F_SETSIG => set_signal(file, arg),
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
fn set_flags(t: &Task, file: &OpenFile, flags: u32) -> SysResult {
    let wanted = flags::status(flags) & CHANGEABLE;
    if wanted.contains(Status::NO_ATIME) && !file.status().contains(Status::NO_ATIME) {
        let owner = file.metadata()?.uid;
        if t.creds().fsuid != owner && !t.creds().capable(Caps::FOWNER) {
            return Err(Errno::EPERM);
        }
    }
    file.set_status(CHANGEABLE, wanted)?;
    Ok(0)
}

/// Positive: a process or thread; negative: a group.
fn owner_number(file: &OpenFile) -> i32 {
    let owner = file.async_owner();
    if owner.kind == F_OWNER_PGRP as u32 {
        -owner.id
    } else {
        owner.id
    }
}

fn store_owner(t: &Task, file: &OpenFile, kind: i32, id: i32) {
    let signal = file.async_owner().signal;
    let creds = t.creds();
    file.set_async_owner(AsyncOwner { kind: kind as u32, id, uid: creds.uid, euid: creds.euid, signal });
}

fn set_owner(t: &Task, file: &OpenFile, who: i32) -> SysResult {
    let (kind, id) = match who {
        ..0 => (F_OWNER_PGRP, who.checked_neg().ok_or(Errno::EINVAL)?),
        _ => (F_OWNER_PID, who),
    };
    if id != 0 && !super::owner_exists(kind, id) {
        return Err(Errno::ESRCH);
    }
    store_owner(t, file, kind, id);
    Ok(0)
}

fn get_owner_ex(file: &OpenFile, target: UserPtr<FOwnerEx>) -> SysResult {
    let owner = file.async_owner();
    target.write(&FOwnerEx { kind: owner.kind as i32, pid: owner.id })?;
    Ok(0)
}

fn set_owner_ex(t: &Task, file: &OpenFile, source: UserPtr<FOwnerEx>) -> SysResult {
    let owner = source.read()?;
    if !matches!(owner.kind, F_OWNER_TID | F_OWNER_PID | F_OWNER_PGRP) {
        return Err(Errno::EINVAL);
    }
    if owner.pid != 0 && !super::owner_exists(owner.kind, owner.pid) {
        return Err(Errno::ESRCH);
    }
    store_owner(t, file, owner.kind, owner.pid);
    Ok(0)
}

/// The real and effective user ids with which the owner was set.
fn get_owner_uids(file: &OpenFile, target: UserPtr<[u32; 2]>) -> SysResult {
    let owner = file.async_owner();
    target.write(&[owner.uid, owner.euid])?;
    Ok(0)
}

fn set_signal(file: &OpenFile, number: usize) -> SysResult {
    if number > crate::signal::SIGNAL_MAX as usize {
        return Err(Errno::EINVAL);
    }
    let mut owner = file.async_owner();
    owner.signal = number as i32;
    file.set_async_owner(owner);
    Ok(0)
}
