//! Advisory locks on files: record locks of processes and of open descriptions (fcntl), and whole-file locks
//! (flock). Waiting for record locks of processes finds deadlocks.

use alloc::vec::Vec;

pub use record_locks::{LockKind, Record};
use record_locks::{Records, Waits};

use crate::sync::{Sleep, SpinLock, WaitQueue};
use crate::{room, Kind, Result};

/// Who holds a record lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    /// A process (more exactly: those who share a table of handles), by a number of the personality's.
    Process(u64),
    /// An open description, by [`OpenFile::id`](super::OpenFile::id).
    Description(u64),
}

/// A whole-file lock.
#[derive(Clone, Copy, Debug)]
struct FileLock {
    description: u64,
    exclusive: bool,
}

/// The locks on one inode.
pub struct InodeLocks {
    records: SpinLock<Records<Holder>>,
    files: SpinLock<Vec<FileLock>>,
    /// Those who wait for any of them.
    queue: WaitQueue,
}

static WAITS: SpinLock<Waits<Holder>> = SpinLock::new(Waits::new());

impl Default for InodeLocks {
    fn default() -> Self {
        Self::new()
    }
}

impl InodeLocks {
    /// No locks.
    pub const fn new() -> Self {
        Self {
            records: SpinLock::new(Records::new()),
            files: SpinLock::new(Vec::new()),
            queue: WaitQueue::new(),
        }
    }

    /// What keeps this lock from being set, if anything.
    pub fn test(&self, holder: Holder, kind: LockKind, start: u64, end: u64) -> Option<Record<Holder>> {
        self.records.lock().conflict(holder, kind, start, end).copied()
    }

    /// Locks a range (both ends included). [`Kind::WouldBlock`] on a conflict, unless `wait`.
    pub fn set(&self, record: Record<Holder>, wait: bool) -> Result<()> {
        loop {
            let Err(blocker) = self.try_set(&record)? else {
                self.queue.wake_all();
                return Ok(());
            };
            if !wait {
                return Err(Kind::WouldBlock.into());
            }
            self.wait_for(&record, blocker)?;
        }
    }

    /// Sets the lock, or tells whose lock is in the way.
    fn try_set(&self, record: &Record<Holder>) -> Result<core::result::Result<(), Holder>> {
        let mut records = self.records.lock();
        if let Some(other) = records.conflict(record.holder, record.kind, record.start, record.end) {
            return Ok(Err(other.holder));
        }
        records.set(*record).map_err(|_| Kind::NoLocks)?;
        Ok(Ok(()))
    }

    fn wait_for(&self, record: &Record<Holder>, blocker: Holder) -> Result<()> {
        let among_processes = matches!((record.holder, blocker), (Holder::Process(_), Holder::Process(_)));
        if among_processes {
            let mut waits = WAITS.lock();
            if waits.would_deadlock(record.holder, blocker) {
                return Err(Kind::Deadlock.into());
            }
            waits.add(record.holder, blocker).map_err(|_| Kind::NoLocks)?;
        }
        let gone = || {
            let conflict = self.test(record.holder, record.kind, record.start, record.end);
            conflict.is_none_or(|other| other.holder != blocker).then_some(())
        };
        let result = self.queue.wait(Sleep::Interruptible, None, gone);
        if among_processes {
            WAITS.lock().remove(record.holder, blocker);
        }
        result
    }

    /// Unlocks a range.
    pub fn clear(&self, holder: Holder, start: u64, end: u64) -> Result<()> {
        self.records.lock().clear(holder, start, end).map_err(|_| Kind::NoLocks)?;
        self.queue.wake_all();
        Ok(())
    }

    /// Unlocks all that `holder` has by record.
    pub fn release_records(&self, holder: Holder) {
        let any = self.records.lock().release(holder);
        if any {
            self.queue.wake_all();
        }
    }

    /// Unlocks all that a description has, which is going.
    pub(super) fn release_description(&self, id: u64) {
        self.release_records(Holder::Description(id));
        self.unlock_file(id);
    }

    /// Locks the whole file for a description. A lock that it has already is given up for the new one first, as
    /// in Linux, even if that one cannot be had.
    pub fn lock_file(&self, description: u64, exclusive: bool, wait: bool) -> Result<()> {
        let held = self
            .files
            .lock()
            .iter()
            .any(|lock| lock.description == description && lock.exclusive == exclusive);
        if held {
            return Ok(());
        }
        self.unlock_file(description);
        let attempt = || match self.try_lock_file(description, exclusive) {
            Err(error) if error == Kind::WouldBlock => None,
            other => Some(other),
        };
        match attempt() {
            Some(result) => result,
            None if wait => self.queue.wait(Sleep::Interruptible, None, attempt)?,
            None => Err(Kind::WouldBlock.into()),
        }
    }

    fn try_lock_file(&self, description: u64, exclusive: bool) -> Result<()> {
        let mut files = self.files.lock();
        if files.iter().any(|lock| exclusive || lock.exclusive) {
            return Err(Kind::WouldBlock.into());
        }
        files.try_reserve(1).map_err(|_| Kind::NoLocks)?;
        files.push(FileLock { description, exclusive });
        Ok(())
    }

    /// Gives a whole-file lock up.
    pub fn unlock_file(&self, description: u64) {
        let mut files = self.files.lock();
        let before = files.len();
        files.retain(|lock| lock.description != description);
        let any = files.len() != before;
        room::shrink(&mut files);
        drop(files);
        if any {
            self.queue.wake_all();
        }
    }

    /// Every record lock and whole-file lock, for `/proc/locks`: start, end, exclusive, process or description.
    pub fn for_each(&self, mut show: impl FnMut(&Record<Holder>)) {
        for record in self.records.lock().iter() {
            show(record);
        }
    }
}
