//! `poll` and `ppoll`.

use alloc::vec::Vec;

use exo_kernel::sync::{Events, Poller, Sleep};
use exo_kernel::user::UserPtr;
use exo_kernel::Kind;
use posix_x_abi::types::{PollFd, Timespec};

use super::timeout::Timeout;
use crate::fd::FdTable;
use crate::signal::TemporaryMask;
use crate::{Errno, SysResult, Task};

/// So many descriptors need no allocation.
const INLINE: usize = 16;

/// Byte offset of `revents` in `struct pollfd`.
const REVENTS: usize = 6;

/// The descriptors of one call, copied in.
struct List {
    inline: [PollFd; INLINE],
    heap: Vec<PollFd>,
    count: usize,
}

impl List {
    fn import(array: UserPtr<PollFd>, count: usize) -> Result<Self, Errno> {
        let mut list =
            Self { inline: [PollFd { fd: 0, events: 0, revents: 0 }; INLINE], heap: Vec::new(), count };
        if count > INLINE {
            list.heap.try_reserve_exact(count).map_err(|_| Errno::ENOMEM)?;
            list.heap.resize(count, PollFd { fd: 0, events: 0, revents: 0 });
        }
        array.read_slice(list.entries())?;
        Ok(list)
    }

    fn entries(&mut self) -> &mut [PollFd] {
        if self.count > INLINE {
            &mut self.heap
        } else {
            &mut self.inline[..self.count]
        }
    }

    /// Writes only what changed: a program may look at `events` from another thread meanwhile.
    fn export(&mut self, array: UserPtr<PollFd>) -> Result<(), Errno> {
        for (index, entry) in self.entries().iter().enumerate() {
            array.add(index).field::<u16>(REVENTS).write(&entry.revents)?;
        }
        Ok(())
    }
}

/// One look at an entry, registering for changes if there is a poller.
#[inline]
fn look(t: &Task, entry: &PollFd, poller: Option<&mut Poller>) -> Events {
    if entry.fd < 0 {
        return Events::empty();
    }
    let Ok(file) = FdTable::get(t.files(), entry.fd) else { return Events::NVAL };
    let wanted = Events::from_bits_truncate(u32::from(entry.events)) | Events::ERR | Events::HUP;
    match file.poll(poller.map(|poller| poller.table(wanted))) {
        Ok(events) => events & wanted,
        // A descriptor opened with O_PATH is not open for this purpose.
        Err(_) => Events::NVAL,
    }
}

/// Looks at all entries and counts those with something to report; stops registering after the first.
fn scan(t: &Task, entries: &mut [PollFd], mut poller: Option<&mut Poller>) -> usize {
    let mut ready = 0;
    for entry in entries {
        let events = look(t, entry, poller.as_deref_mut());
        entry.revents = events.bits() as u16;
        if !events.is_empty() {
            ready += 1;
            poller = None;
        }
    }
    ready
}

/// Waits until a scan finds something, the time is over (0), or a signal comes.
fn wait(t: &Task, entries: &mut [PollFd], timeout: Timeout) -> SysResult {
    let ready = scan(t, entries, None);
    if ready > 0 || timeout == Timeout::Poll {
        return Ok(ready);
    }
    let mut poller = Poller::new();
    let mut ready = scan(t, entries, Some(&mut poller));
    while ready == 0 {
        match poller.wait(Sleep::Interruptible, timeout.deadline()) {
            Ok(()) => ready = scan(t, entries, None),
            // What became ready in the last moment counts.
            Err(error) if error == Kind::TimedOut => return Ok(scan(t, entries, None)),
            Err(error) if error == Kind::Interrupted => return Err(Errno::ERESTARTNOHAND),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(ready)
}

fn poll_user(t: &Task, fds: UserPtr<PollFd>, nfds: u32, timeout: Timeout) -> SysResult {
    if u64::from(nfds) > t.process().limit_of_files() {
        return Err(Errno::EINVAL);
    }
    let mut list = List::import(fds, nfds as usize)?;
    let ready = wait(t, list.entries(), timeout)?;
    list.export(fds)?;
    Ok(ready)
}

/// Waits for events on several descriptors, for so many milliseconds.
pub fn poll(t: &Task, fds: UserPtr<PollFd>, nfds: u32, timeout: i32) -> SysResult {
    poll_user(t, fds, nfds, Timeout::from_millis(timeout))
}

/// As [`poll`], with a finer timeout, and another signal mask while it waits.
pub fn ppoll(
    t: &Task,
    fds: UserPtr<PollFd>,
    nfds: u32,
    timeout: UserPtr<Timespec>,
    sigmask: UserPtr<u64>,
    sigsetsize: usize,
) -> SysResult {
    let limit = Timeout::from_timespec(timeout)?;
    let mask = TemporaryMask::install(t, sigmask, sigsetsize)?;
    let result = mask.finish(poll_user(t, fds, nfds, limit));
    limit.store_timespec(timeout);
    result
}
