//! Who exists: all threads, processes, groups and sessions by number, and how processes are related.
//!
//! One lock guards numbers and relations together, as they change together. [`Related`] values are only
//! reached with that lock held.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::UnsafeCell;

use exo_kernel::room;
use exo_kernel::sync::{SpinLock, SpinLockGuard};

use super::numbers::Numbers;
use super::{Process, Task};
use crate::{Errno, Pid};

/// Numbers go from 1 to one below this.
pub const PID_LIMIT: usize = 32_768;
/// After the numbers ran out once, those below stay for long-lived processes.
const PID_RESERVED: usize = 300;

/// What has a number.
#[derive(Default)]
struct Entry {
    task: Option<Arc<Task>>,
    process: Option<Arc<Process>>,
    /// Members of the process group with this number.
    group: Vec<Arc<Process>>,
    /// Processes of the session with this number.
    session: usize,
    /// Given out, and not yet one of the above.
    reserved: bool,
}

impl Entry {
    fn is_free(&self) -> bool {
        !self.reserved
            && self.task.is_none()
            && self.process.is_none()
            && self.group.is_empty()
            && self.session == 0
    }
}

/// The table, reached through [`lock`].
pub struct Table {
    entries: Numbers<Entry>,
    last: usize,
    processes: usize,
    threads: usize,
    forks: u64,
}

static TABLE: SpinLock<Table> =
    SpinLock::new(Table { entries: Numbers::new(), last: 0, processes: 0, threads: 0, forks: 0 });

/// The table's lock, held.
pub type TableGuard = SpinLockGuard<'static, Table>;

/// Locks the table.
#[inline]
pub fn lock() -> TableGuard {
    TABLE.lock()
}

/// A value that is only reached with the table locked.
pub struct Related<T>(UnsafeCell<T>);

// SAFETY: every access borrows the one table, which is locked.
unsafe impl<T: Send> Sync for Related<T> {}

impl<T> Related<T> {
    pub(super) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }
    /// The value.
    pub fn get<'a>(&'a self, _: &'a Table) -> &'a T {
        // SAFETY: the table is borrowed, so nobody has it mutably.
        unsafe { &*self.0.get() }
    }
    /// The value, to change.
    #[allow(
        clippy::mut_from_ref,
        reason = "the table, borrowed mutably, stands for all that is in its processes"
    )]
    pub fn get_mut<'a>(&'a self, _: &'a mut Table) -> &'a mut T {
        // SAFETY: the one table is borrowed mutably for as long as the reference lives, so there is no other.
        unsafe { &mut *self.0.get() }
    }
}

impl Table {
    fn entry(&self, pid: Pid) -> Option<&Entry> {
        self.entries.get(usize::try_from(pid).ok()?)
    }

    fn entry_mut(&mut self, pid: Pid) -> Option<&mut Entry> {
        self.entries.get_mut(usize::try_from(pid).ok()?)
    }

    /// Changes an entry and forgets it if nobody has the number any more.
    fn take_from<R>(&mut self, pid: Pid, take: impl FnOnce(&mut Entry) -> R) -> Option<R> {
        let taken = take(self.entry_mut(pid)?);
        self.entries.remove_if(pid as usize, Entry::is_free);
        Some(taken)
    }

    /// Takes a number that nobody has. EAGAIN if there is none.
    pub(super) fn reserve(&mut self) -> Result<Pid, Errno> {
        let mut number = self.last;
        for _ in 0..PID_LIMIT {
            number += 1;
            if number >= PID_LIMIT {
                number = PID_RESERVED;
            }
            if self.entries.get(number).is_none() {
                self.last = number;
                return self.reserve_exactly(number as Pid);
            }
        }
        Err(Errno::EAGAIN)
    }

    /// Takes this number. EEXIST if somebody has it.
    pub(super) fn reserve_exactly(&mut self, pid: Pid) -> Result<Pid, Errno> {
        let number = pid as usize;
        if self.entries.get(number).is_some() {
            return Err(Errno::EEXIST);
        }
        let reserved = Entry { reserved: true, ..Entry::default() };
        self.entries.insert(number, reserved).then_some(pid).ok_or(Errno::ENOMEM)
    }

    /// Gives a number back that was reserved in vain.
    pub(super) fn release(&mut self, pid: Pid) {
        self.take_from(pid, |entry| entry.reserved = false);
    }

    /// Enters a thread under its (reserved) number.
    pub(super) fn add_task(&mut self, task: Arc<Task>) {
        self.threads += 1;
        self.forks += 1;
        if let Some(entry) = self.entry_mut(task.tid()) {
            entry.task = Some(task);
            entry.reserved = false;
        }
    }

    /// Enters a process under its number, its group and its session.
    pub(super) fn add_process(&mut self, process: Arc<Process>) {
        self.processes += 1;
        if let Some(entry) = self.entry_mut(process.pid()) {
            entry.process = Some(process.clone());
        }
        if let Some(entry) = self.entry_mut(process.session().id()) {
            entry.session += 1;
        }
        self.join_group(process.pgid(), process);
    }

    fn join_group(&mut self, pgid: Pid, process: Arc<Process>) {
        let Some(entry) = self.entry_mut(pgid) else { return };
        let slot = entry.group.len();
        entry.group.push(process.clone());
        process.relations.get_mut(self).group_slot = slot;
        process.set_pgid(pgid);
    }

    fn leave_group(&mut self, process: &Process) {
        let slot = process.relations.get(self).group_slot;
        let moved = self.take_from(process.pgid(), |entry| {
            entry.group.swap_remove(slot);
            room::shrink(&mut entry.group);
            entry.group.get(slot).cloned()
        });
        if let Some(moved) = moved.flatten() {
            moved.relations.get_mut(self).group_slot = slot;
        }
    }

    /// Moves a process into another group (which is made if nobody is in it).
    pub(super) fn set_group(&mut self, process: &Arc<Process>, pgid: Pid) {
        self.leave_group(process);
        self.join_group(pgid, process.clone());
    }

    /// Makes a process the leader of a session and group of its own.
    pub(super) fn set_session(&mut self, process: &Arc<Process>, session: Arc<super::Session>) {
        let (old, new) = (process.session().id(), session.id());
        if let Some(entry) = self.entry_mut(new) {
            entry.session += 1;
        }
        process.set_session(session);
        self.set_group(process, new);
        self.take_from(old, |entry| entry.session -= 1);
    }

    /// Removes a thread that has ended.
    pub(super) fn remove_task(&mut self, tid: Pid) -> Option<Arc<Task>> {
        self.threads -= 1;
        self.take_from(tid, |entry| entry.task.take())?
    }

    /// Gives the number of the leader to another thread of the group.
    pub(super) fn change_leader(&mut self, from: Pid, leader: Pid) {
        let task = self.take_from(from, |entry| entry.task.take()).flatten();
        if let Some(entry) = self.entry_mut(leader) {
            entry.task = task;
        }
    }

    /// Removes a process that was waited for.
    pub(super) fn remove_process(&mut self, process: &Process) -> Option<Arc<Process>> {
        self.leave_group(process);
        self.take_from(process.session().id(), |entry| entry.session -= 1);
        self.processes -= 1;
        self.take_from(process.pid(), |entry| entry.process.take())?
    }

    /// The process with this number, a zombie included.
    #[inline]
    pub fn process(&self, pid: Pid) -> Option<&Arc<Process>> {
        self.entry(pid)?.process.as_ref()
    }
    /// The thread with this number.
    #[inline]
    pub fn task(&self, tid: Pid) -> Option<&Arc<Task>> {
        self.entry(tid)?.task.as_ref()
    }
    /// The members of a group.
    pub fn group(&self, pgid: Pid) -> &[Arc<Process>] {
        self.entry(pgid).map_or(&[], |entry| &entry.group)
    }
    /// All processes, by ascending number.
    pub fn processes(&self) -> impl Iterator<Item = &Arc<Process>> {
        self.entries.from(0).filter_map(|entry| entry.process.as_ref())
    }
}

/// The process with this number, a zombie included.
pub fn process(pid: Pid) -> Option<Arc<Process>> {
    lock().process(pid).cloned()
}

/// The thread with this number.
pub fn task(tid: Pid) -> Option<Arc<Task>> {
    lock().task(tid).cloned()
}

/// The first process whose number is at least `from`: for going through all without holding the lock.
pub fn process_from(from: Pid) -> Option<Arc<Process>> {
    let table = lock();
    let first = usize::try_from(from).ok()?;
    let process = table.entries.from(first).find_map(|entry| entry.process.clone());
    process
}

/// All processes, by ascending number.
pub fn processes() -> Vec<Arc<Process>> {
    let table = lock();
    let mut all = Vec::with_capacity(table.processes);
    all.extend(table.processes().cloned());
    all
}

/// How many there are.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Processes, zombies included.
    pub processes: usize,
    /// Threads.
    pub threads: usize,
    /// Threads started since boot.
    pub forks: u64,
    /// The number given out last.
    pub last: Pid,
}

/// How many there are.
pub fn counts() -> Counts {
    let table = lock();
    Counts { processes: table.processes, threads: table.threads, forks: table.forks, last: table.last as Pid }
}
