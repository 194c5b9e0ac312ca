//! Being told when a file may have become ready: what poll(2), select(2) and epoll(7) hang on wait queues.
//!
//! A file's `poll` registers the [`PollTable`] it is given with each queue that will be woken when its readiness
//! changes, and returns the events that hold now. Register first, look after: then no change is missed.
//! [`Poller`] is the table of one thread that sleeps; epoll makes tables with its own [`Notify`].

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use bitflags::bitflags;

use super::order::Rank;
use super::wait::{Sleep, WaitQueue};
use super::IrqLock;
use crate::time::Instant;
use crate::{Kind, Result};

bitflags! {
    /// Kinds of readiness, with the bit values of poll(2).
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Events: u32 {
        /// There is something to read.
        const IN = 0x001;
        /// Something exceptional.
        const PRI = 0x002;
        /// Writing is possible.
        const OUT = 0x004;
        /// An error.
        const ERR = 0x008;
        /// The other end is gone.
        const HUP = 0x010;
        /// Not an open file.
        const NVAL = 0x020;
        /// Normal data to read.
        const RDNORM = 0x040;
        /// Priority data to read.
        const RDBAND = 0x080;
        /// Normal data can be written.
        const WRNORM = 0x100;
        /// Priority data can be written.
        const WRBAND = 0x200;
        /// Unused, but part of the interface.
        const MSG = 0x400;
        /// The other end will write no more.
        const RDHUP = 0x2000;
    }
}

/// Wants to be told about events.
pub trait Notify: Send + Sync {
    /// `events` may have begun. Runs inside the waker, with the queue's list of polls locked and interrupts off,
    /// possibly in an interrupt handler: it may set flags, take [`IrqLock`]s, and wake other queues.
    ///
    /// Returns whether that woke somebody.
    fn notify(&self, events: Events) -> bool;
}

struct Entry {
    id: u64,
    mask: Events,
    /// One of the exclusive entries that somebody waits behind is enough.
    exclusive: bool,
    notify: Arc<dyn Notify>,
}

#[derive(Default)]
struct Entries {
    list: Vec<Entry>,
    last_id: u64,
}

/// Those who poll one queue. Shared by the queue and its registrations, whichever lives longer.
pub(super) struct Pollers {
    count: AtomicU32,
    entries: IrqLock<Entries>,
}

impl Pollers {
    pub(super) fn new() -> Self {
        let entries = Entries { list: Vec::new(), last_id: 0 };
        Self { count: AtomicU32::new(0), entries: IrqLock::with_rank(Rank::Pollers, entries) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    pub(super) fn notify(&self, events: Events) {
        if self.is_empty() {
            return;
        }
        let entries = self.entries.lock();
        let mut served = false;
        for entry in entries.list.iter().filter(|entry| entry.mask.intersects(events)) {
            if !(entry.exclusive && served) {
                served |= entry.notify.notify(events) && entry.exclusive;
            }
        }
    }

    fn add(&self, mask: Events, exclusive: bool, notify: Arc<dyn Notify>) -> Result<u64> {
        let mut grown = Vec::new();
        loop {
            let mut entries = self.entries.lock();
            if entries.list.len() < entries.list.capacity().max(grown.capacity()) {
                if entries.list.len() == entries.list.capacity() {
                    grown.append(&mut entries.list);
                    core::mem::swap(&mut grown, &mut entries.list);
                }
                entries.last_id += 1;
                let id = entries.last_id;
                entries.list.push(Entry { id, mask, exclusive, notify });
                self.count.store(entries.list.len() as u32, Ordering::SeqCst);
                drop(entries);
                return Ok(id);
            }
            // Memory is allocated with interrupts on.
            let wanted = entries.list.len() * 2 + 4;
            drop(entries);
            grown = Vec::new();
            grown.try_reserve(wanted).map_err(|_| Kind::NoMemory)?;
        }
    }

    fn remove(&self, id: u64) {
        let removed = {
            let mut entries = self.entries.lock();
            let place = entries.list.iter().position(|entry| entry.id == id);
            let removed = place.map(|place| entries.list.swap_remove(place));
            self.count.store(entries.list.len() as u32, Ordering::Relaxed);
            removed
        };
        drop(removed);
    }

    /// The queue is gone: nobody will be told any more.
    pub(super) fn clear(&self) {
        let list = core::mem::take(&mut self.entries.lock().list);
        self.count.store(0, Ordering::Relaxed);
        drop(list);
    }
}

/// A poll on one queue; ends when dropped. May outlive the queue.
pub struct Registration {
    pollers: Arc<Pollers>,
    id: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.pollers.remove(self.id);
    }
}

/// What a file's `poll` registers with its wait queues.
pub struct PollTable {
    notify: Arc<dyn Notify>,
    mask: Events,
    exclusive: bool,
    registrations: Vec<Registration>,
    failed: bool,
}

impl PollTable {
    /// A table that tells `notify` about events in `mask` (errors and hang-ups always).
    pub fn new(notify: Arc<dyn Notify>, mask: Events) -> Self {
        Self {
            notify,
            mask: mask | Events::ERR | Events::HUP,
            exclusive: false,
            registrations: Vec::new(),
            failed: false,
        }
    }

    /// Asks to be told when `queue` is woken.
    pub fn register(&mut self, queue: &WaitQueue) {
        let pollers = queue.pollers();
        let added = self.registrations.try_reserve(1).map_err(|_| Kind::NoMemory.into());
        match added.and_then(|()| pollers.add(self.mask, self.exclusive, self.notify.clone())) {
            Ok(id) => self.registrations.push(Registration { pollers: pollers.clone(), id }),
            Err(_) => self.failed = true,
        }
    }

    /// Of later registrations that are exclusive, each wake-up tells only one behind which somebody waits.
    pub fn set_exclusive(&mut self) {
        self.exclusive = true;
    }

    /// Changes the events of later registrations.
    pub fn set_mask(&mut self, mask: Events) {
        self.mask = mask | Events::ERR | Events::HUP;
    }

    /// [`Kind::NoMemory`] if a registration failed: events could be missed.
    pub fn check(&self) -> Result<()> {
        if self.failed {
            return Err(Kind::NoMemory.into());
        }
        Ok(())
    }

    /// The registrations, to be kept as long as events are wanted.
    pub fn into_registrations(self) -> Vec<Registration> {
        self.registrations
    }
}

/// Told by queues, waited for by one thread.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    queue: WaitQueue,
}

impl Notify for Bell {
    fn notify(&self, _events: Events) -> bool {
        self.rung.store(true, Ordering::Release);
        self.queue.wake_all() > 0
    }
}

/// A thread that polls: registers through [`table`](Self::table), looks at all files, and sleeps in
/// [`wait`](Self::wait) until one of them may have changed.
pub struct Poller {
    bell: Arc<Bell>,
    table: PollTable,
}

impl Default for Poller {
    fn default() -> Self {
        Self::new()
    }
}

impl Poller {
    /// Registered nowhere.
    pub fn new() -> Self {
        let bell = Arc::new(Bell::default());
        let table = PollTable::new(bell.clone(), Events::all());
        Self { bell, table }
    }

    /// The table to hand to `poll`, for events in `mask`.
    pub fn table(&mut self, mask: Events) -> &mut PollTable {
        self.table.set_mask(mask);
        &mut self.table
    }

    /// Sleeps until a queue was woken since the last wait (or the start). The caller then looks at its files
    /// again, without registering again.
    pub fn wait(&self, sleep: Sleep, deadline: Option<Instant>) -> Result<()> {
        self.table.check()?;
        self.bell.queue.wait(sleep, deadline, || self.bell.rung.swap(false, Ordering::AcqRel).then_some(()))
    }
}
