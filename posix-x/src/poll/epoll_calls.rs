//! The system calls of epoll.

use alloc::sync::Arc;

use exo_kernel::cap::Rights;
use exo_kernel::sync::Events;
use exo_kernel::user::UserPtr;
use exo_kernel::Kind;
use posix_x_abi::types::{EpollEvent, Timespec};
use posix_x_abi::uapi::general::O_CLOEXEC;

use super::epoll::{Epoll, Interest, Mode};
use super::timeout::Timeout;
use crate::fd::{self, FdTable};
use crate::signal::TemporaryMask;
use crate::{Errno, Fd, SysResult, Task};

const EPOLL_CTL_ADD: i32 = 1;
const EPOLL_CTL_DEL: i32 = 2;
const EPOLL_CTL_MOD: i32 = 3;

/// `EP_MAX_EVENTS`.
const MAX_EVENTS: i32 = i32::MAX / size_of::<EpollEvent>() as i32;

/// Events that an exclusive item may ask for.
const EXCLUSIVE_EVENTS: Events = Events::IN.union(Events::OUT).union(Events::ERR).union(Events::HUP);

/// A new epoll. The size is a hint from old times.
pub fn epoll_create(t: &Task, size: i32) -> SysResult {
    if size <= 0 {
        return Err(Errno::EINVAL);
    }
    epoll_create1(t, 0)
}

/// A new epoll.
pub fn epoll_create1(t: &Task, flags: u32) -> SysResult {
    if flags & !O_CLOEXEC != 0 {
        return Err(Errno::EINVAL);
    }
    fd::install_object(t, Arc::new(Epoll::new()), fd::READ_WRITE, flags)
}

/// Adds, changes or removes a watched file.
pub fn epoll_ctl(t: &Task, epfd: Fd, op: i32, fd: Fd, event: UserPtr<EpollEvent>) -> SysResult {
    let event = match op {
        EPOLL_CTL_DEL => EpollEvent { events: 0, data: 0 },
        _ => event.read()?,
    };
    let table = FdTable::get(t.files(), epfd.0)?;
    let target = FdTable::get(t.files(), fd.0)?;
    let (epoll_file, file) = (table.file(Rights::CONTROL)?, target.file(Rights::POLL)?);
    if !file.file().pollable() {
        return Err(Errno::EPERM);
    }
    let epoll = Epoll::of(epoll_file).filter(|_| !Arc::ptr_eq(epoll_file, file)).ok_or(Errno::EINVAL)?;
    let mode = Mode::from_bits_truncate(event.events);
    let events = Events::from_bits_truncate(event.events & !Mode::all().bits());
    if mode.contains(Mode::EXCLUSIVE) && op != EPOLL_CTL_DEL {
        let plain = !mode.contains(Mode::ONESHOT) && EXCLUSIVE_EVENTS.contains(events);
        if op == EPOLL_CTL_MOD || Epoll::of(file).is_some() || !plain {
            return Err(Errno::EINVAL);
        }
    }
    let interest = Interest { events, mode, data: event.data };
    match op {
        EPOLL_CTL_ADD => epoll.add(fd.0, &target, interest)?,
        EPOLL_CTL_MOD => epoll.modify(fd.0, file, interest)?,
        EPOLL_CTL_DEL => epoll.remove(fd.0, file)?,
        _ => return Err(Errno::EINVAL),
    }
    Ok(0)
}

fn wait(t: &Task, epfd: Fd, events: UserPtr<EpollEvent>, maxevents: i32, timeout: Timeout) -> SysResult {
    if maxevents <= 0 || maxevents > MAX_EVENTS {
        return Err(Errno::EINVAL);
    }
    let limit = maxevents as usize;
    fd::check_range(events.address(), limit * size_of::<EpollEvent>())?;
    let table = FdTable::get(t.files(), epfd.0)?;
    let epoll = Epoll::of(table.file(Rights::READ)?).ok_or(Errno::EINVAL)?;
    let mut place = events;
    loop {
        let count = epoll.harvest(limit, |events, data| {
            place.write(&EpollEvent { events: events.bits(), data })?;
            place = place.add(1);
            Ok(())
        })?;
        if count > 0 || timeout == Timeout::Poll {
            return Ok(count);
        }
        match epoll.wait(timeout.deadline()) {
            Ok(()) => {}
            Err(error) if error == Kind::TimedOut => return Ok(0),
            // signal(7): never restarted.
            Err(error) if error == Kind::Interrupted => return Err(Errno::EINTR),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits for events on the watched files, for so many milliseconds.
pub fn epoll_wait(
    t: &Task,
    epfd: Fd,
    events: UserPtr<EpollEvent>,
    maxevents: i32,
    timeout: i32,
) -> SysResult {
    wait(t, epfd, events, maxevents, Timeout::from_millis(timeout))
}

/// As [`epoll_wait`], with another signal mask while it waits.
pub fn epoll_pwait(
    t: &Task,
    epfd: Fd,
    events: UserPtr<EpollEvent>,
    maxevents: i32,
    timeout: i32,
    sigmask: UserPtr<u64>,
    sigsetsize: usize,
) -> SysResult {
    let mask = TemporaryMask::install(t, sigmask, sigsetsize)?;
    mask.finish(wait(t, epfd, events, maxevents, Timeout::from_millis(timeout)))
}

/// As [`epoll_pwait`], with a finer timeout.
pub fn epoll_pwait2(
    t: &Task,
    epfd: Fd,
    events: UserPtr<EpollEvent>,
    maxevents: i32,
    timeout: UserPtr<Timespec>,
    sigmask: UserPtr<u64>,
    sigsetsize: usize,
) -> SysResult {
    let limit = Timeout::from_timespec(timeout)?;
    let mask = TemporaryMask::install(t, sigmask, sigsetsize)?;
    mask.finish(wait(t, epfd, events, maxevents, limit))
}
