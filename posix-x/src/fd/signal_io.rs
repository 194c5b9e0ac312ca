//! Signal-driven I/O: who is signalled when a descriptor with `O_ASYNC` becomes ready, or an urgent byte comes to a
//! socket, and doing it (fcntl(2)).
//!
//! A file's wait queues may be woken by interrupt handlers and with locks held, where no signal can be sent: the
//! [`Notice`] only collects events, and a kernel thread sends.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicU32, Ordering};

use exo_kernel::sync::{Events, Notify};
use exo_kernel::time::Deferred;
use exo_kernel::user::UserPtr;
use exo_kernel::vfs::{AsyncOwner, NodeKind, OpenFile, Status};
use posix_x_abi::signal::number::{SIGIO, SIGURG};
use posix_x_abi::types::FOwnerEx;

use crate::process::{self, Process};
use crate::signal::{send_to_process, send_to_task, Info};
use crate::{Errno, Fd, SysResult, Task};

/// Whom `F_SETOWN_EX` names.
const F_OWNER_TID: i32 = 0;
const F_OWNER_PID: i32 = 1;
const F_OWNER_PGRP: i32 = 2;

/// What is signalled: the `si_code` of each event, and what `si_band` tells of it (`band_table` in Linux).
const REASONS: [(Events, i32, Events); 3] = [
    (Events::IN, 1, Events::IN.union(Events::RDNORM)),
    (Events::OUT, 2, Events::OUT.union(Events::WRNORM).union(Events::WRBAND)),
    (Events::PRI, 5, Events::PRI.union(Events::RDBAND)),
];

/// Collects the events of one open file for its owner.
struct Notice {
    events: Arc<AtomicU32>,
    deferred: Deferred,
}

impl Notify for Notice {
    fn notify(&self, events: Events) -> bool {
        self.events.fetch_or(events.bits(), Ordering::AcqRel);
        self.deferred.run_soon();
        false
    }
}

/// Turns signals on or off for an open file, as its flags and its owner are now. `fd` is the descriptor that they will
/// name. Where readiness does not change by itself there is nothing to tell, as on Linux; of a socket with an owner
/// there always is, namely that an urgent byte came.
pub(super) fn enable(file: &Arc<OpenFile>, fd: Fd) -> SysResult {
    let kind = file.metadata()?.kind;
    let tells = matches!(kind, NodeKind::Fifo | NodeKind::Socket | NodeKind::CharDevice);
    let wanted = if tells && file.status().contains(Status::ASYNC) {
        Events::IN | Events::OUT | Events::PRI
    } else if kind == NodeKind::Socket && file.async_owner().id != 0 {
        Events::PRI
    } else {
        file.watch(None, Events::empty())?;
        return Ok(0);
    };
    let weak = Arc::downgrade(file);
    let events = Arc::new(AtomicU32::new(0));
    let collected = events.clone();
    let tell = move || signal(&weak, fd, Events::from_bits_truncate(collected.swap(0, Ordering::AcqRel)));
    let notice = Notice { events, deferred: Deferred::new(Box::new(tell))? };
    file.watch(Some(Arc::new(notice)), wanted)?;
    Ok(0)
}

/// Tells the owner. Runs in a kernel thread.
fn signal(file: &Weak<OpenFile>, fd: Fd, events: Events) {
    let Some(file) = file.upgrade() else { return };
    let owner = file.async_owner();
    let socket = file.metadata().is_ok_and(|metadata| metadata.kind == NodeKind::Socket);
    let urgent = socket && events.contains(Events::PRI);
    if urgent {
        tell(owner, Info::kernel(SIGURG));
    }
    if !file.status().contains(Status::ASYNC) {
        return;
    }
    for (event, code, band) in REASONS {
        if !events.contains(event) {
            continue;
        }
        match owner.signal {
            // That has been said already.
            0 if urgent && event == Events::PRI => {}
            0 => tell(owner, Info::kernel(SIGIO)),
            number => tell(owner, Info::readiness(number, code, band.bits(), fd.0)),
        }
    }
}

fn tell(owner: AsyncOwner, info: Info) {
    if matches!(owner.kind as i32, F_OWNER_TID | F_OWNER_PID) {
        let task = process::table::task(owner.id).filter(|task| may_tell(owner, task.process()));
        if let Some(task) = task {
            if owner.kind as i32 == F_OWNER_TID {
                send_to_task(&task, info);
            } else {
                send_to_process(task.process(), info);
            }
        }
        return;
    }
    let table = process::table::lock();
    for process in table.group(owner.id).iter().filter(|process| may_tell(owner, process)) {
        send_to_process(process, info);
    }
}

/// May a file whose owner was set with these user ids signal `target`?
fn may_tell(owner: AsyncOwner, target: &Process) -> bool {
    let Some(other) = target.creds() else { return false };
    owner.euid == 0 || [owner.euid, owner.uid].iter().any(|id| *id == other.suid || *id == other.uid)
}

/// Is there such a process, thread or group (`F_SETOWN`)?
fn owner_exists(kind: i32, id: i32) -> bool {
    const GROUP: i32 = 2;
    if kind == GROUP {
        !process::table::lock().group(id).is_empty()
    } else {
        process::table::task(id).is_some()
    }
}

/// Positive: a process or thread; negative: a group.
pub(super) fn owner_number(file: &OpenFile) -> i32 {
    let owner = file.async_owner();
    if owner.kind == F_OWNER_PGRP as u32 {
        -owner.id
    } else {
        owner.id
    }
}

fn store_owner(t: &Task, file: &Arc<OpenFile>, fd: Fd, kind: i32, id: i32) -> SysResult {
    let signal = file.async_owner().signal;
    let creds = t.creds();
    file.set_async_owner(AsyncOwner { kind: kind as u32, id, uid: creds.uid, euid: creds.euid, signal });
    if file.status().contains(Status::ASYNC) {
        // Signals go on to name the descriptor with which they were turned on.
        return Ok(0);
    }
    enable(file, fd)
}

/// `F_SETOWN`, and the requests that sockets have for the same.
pub(super) fn set_owner(t: &Task, file: &Arc<OpenFile>, fd: Fd, who: i32) -> SysResult {
    let (kind, id) = match who {
        ..0 => (F_OWNER_PGRP, who.checked_neg().ok_or(Errno::EINVAL)?),
        _ => (F_OWNER_PID, who),
    };
    if id != 0 && !owner_exists(kind, id) {
        return Err(Errno::ESRCH);
    }
    store_owner(t, file, fd, kind, id)
}

pub(super) fn get_owner_ex(file: &OpenFile, target: UserPtr<FOwnerEx>) -> SysResult {
    let owner = file.async_owner();
    target.write(&FOwnerEx { kind: owner.kind as i32, pid: owner.id })?;
    Ok(0)
}

pub(super) fn set_owner_ex(t: &Task, file: &Arc<OpenFile>, fd: Fd, source: UserPtr<FOwnerEx>) -> SysResult {
    let owner = source.read()?;
    if !matches!(owner.kind, F_OWNER_TID | F_OWNER_PID | F_OWNER_PGRP) {
        return Err(Errno::EINVAL);
    }
    if owner.pid != 0 && !owner_exists(owner.kind, owner.pid) {
        return Err(Errno::ESRCH);
    }
    store_owner(t, file, fd, owner.kind, owner.pid)
}

/// The real and effective user ids with which the owner was set.
pub(super) fn get_owner_uids(file: &OpenFile, target: UserPtr<[u32; 2]>) -> SysResult {
    let owner = file.async_owner();
    target.write(&[owner.uid, owner.euid])?;
    Ok(0)
}

pub(super) fn set_signal(file: &OpenFile, number: usize) -> SysResult {
    if number > crate::signal::SIGNAL_MAX as usize {
        return Err(Errno::EINVAL);
    }
    let mut owner = file.async_owner();
    owner.signal = number as i32;
    file.set_async_owner(owner);
    Ok(0)
}
