//! Rings.

use alloc::sync::Arc;

use exo_kernel::cap::Rights;
use exo_kernel::ipc::fusion::{Ring, RingEnd, Side};
use exo_kernel::sched;
use exo_kernel::user::UserPtr;
use exo_kernel::vfs::{Access, OpenFile, Status};
use fusion_ring::{Form, Geometry};
use posix_x_abi::types::{RingMap, RingStat, Timespec};

use super::charge::charge;
use super::check_flags;
use crate::fd::{self, FdTable};
use crate::poll::Timeout;
use crate::{Errno, Fd, SysResult, Task};

/// The sides as programs number them: with the bits of permissions that they need.
pub(super) const RECEIVER: u32 = 1;
pub(super) const SENDER: u32 = 2;

fn number(side: Side) -> u32 {
    match side {
        Side::Receiver => RECEIVER,
        Side::Sender => SENDER,
    }
}

/// The descriptor's file: READ for the receiving end, WRITE for the sending one, as with pipes.
pub(super) fn open(end: Arc<RingEnd>) -> Arc<OpenFile> {
    let access = match end.side() {
        Side::Receiver => Access::READ,
        Side::Sender => Access::WRITE,
    };
    OpenFile::new(end, access, Status::empty())
}

/// Calls `work` with the ring's end that `fd` stands for, if its rights contain `needed`. EBADF if they do not, ENOTSUP
/// if it is something else.
fn with_end<R>(
    t: &Task,
    fd: Fd,
    needed: Rights,
    work: impl FnOnce(&RingEnd) -> Result<R, Errno>,
) -> Result<R, Errno> {
    let capability = FdTable::get(t.files(), fd.0)?;
    let end = capability.file(needed)?.file().downcast::<RingEnd>().ok_or(Errno::EOPNOTSUPP)?;
    work(end)
}

/// A ring: the first descriptor is the receiving end, the second the sending one.
pub fn exo_ring_create(t: &Task, form: u32, shift: u32, flags: u32, fds: UserPtr<[i32; 2]>) -> SysResult {
    check_flags(flags)?;
    let form = match form {
        1 => Form::Spsc,
        2 => Form::Mpmc,
        3 => Form::Bytes,
        _ => return Err(Errno::EINVAL),
    };
    let geometry = Geometry::new(form, shift).map_err(|_| Errno::EINVAL)?;
    let charge = charge(t, Ring::memory(geometry)?)?;
    let limit = fd::limit(t);
    let (first, second) = (t.files().reserve(limit)?, t.files().reserve(limit)?);
    let creds = t.creds();
    let (receiver, sender) = Ring::create(geometry, (creds.fsuid, creds.fsgid), charge)?;
    fds.write(&[first.number(), second.number()])?;
    first.install_file(open(receiver), flags);
    second.install_file(open(sender), flags);
    Ok(0)
}

/// Maps a ring as its end may use it.
pub fn exo_ring_map(t: &Task, fd: Fd, map: UserPtr<RingMap>) -> SysResult {
    with_end(t, fd, Rights::MAP, |end| {
        // What the end is for has to be allowed, too.
        let use_of = if end.side() == Side::Receiver { Rights::READ } else { Rights::WRITE };
        t.files().capability(fd.0)?.file(use_of)?;
        let space = sched::current().own_space().ok_or(Errno::ENOMEM)?;
        let (address, length) = end.map(space)?;
        let (form, shift) = (end.geometry().form() as u32, end.geometry().shift());
        let written = map.write(&RingMap {
            address: address as u64,
            length: length as u64,
            form,
            shift,
            side: number(end.side()),
            reserved: 0,
        });
        if written.is_err() {
            space.unmap(address, length)?;
        }
        written?;
        Ok(0)
    })
}

/// Another end of the same side, closed apart.
pub fn exo_ring_duplicate(t: &Task, fd: Fd, flags: u32) -> SysResult {
    check_flags(flags)?;
    let end = with_end(t, fd, Rights::DUP, |end| Ok(end.duplicate()?))?;
    fd::install_found(t, fd, open(end), flags)
}

/// Sleeps while the end's side has this epoch. A signal ends it: with a timeout EINTR, without one it is made again
/// where the handler says so.
pub fn exo_ring_park(t: &Task, fd: Fd, epoch: u32, timeout: UserPtr<Timespec>) -> SysResult {
    let deadline = Timeout::from_timespec(timeout)?.deadline();
    with_end(t, fd, Rights::POLL, |end| match end.park(epoch, deadline).map_err(Errno::from) {
        Ok(()) => Ok(0),
        Err(Errno::ERESTARTSYS) if deadline.is_some() => Err(Errno::EINTR),
        Err(error) => Err(error),
    })
}

/// Wakes whoever sleeps at the other side; the answer is how many did.
pub fn exo_ring_wake(t: &Task, fd: Fd) -> SysResult {
    with_end(t, fd, Rights::POLL, |end| Ok(end.wake()))
}

/// Gives the end up, whoever else has descriptors of it.
pub fn exo_ring_close(t: &Task, fd: Fd) -> SysResult {
    with_end(t, fd, Rights::POLL, |end| {
        end.close();
        Ok(0)
    })
}

/// Numbers about a ring.
pub fn exo_ring_stat(t: &Task, fd: Fd, stat: UserPtr<RingStat>) -> SysResult {
    let answer = with_end(t, fd, Rights::STAT, |end| {
        let numbers = end.statistics();
        Ok(RingStat {
            form: end.geometry().form() as u32,
            shift: end.geometry().shift(),
            side: number(end.side()),
            reserved: 0,
            used: numbers.used,
            receivers: numbers.receivers,
            senders: numbers.senders,
            receiver_parks: numbers.receiver_parks,
            sender_parks: numbers.sender_parks,
            receiver_wakes: numbers.receiver_wakes,
            sender_wakes: numbers.sender_wakes,
        })
    })?;
    stat.write(&answer)?;
    Ok(0)
}
