//! [`Epoll`]: a set of files to wait for, which keeps the list of those that may be ready (epoll(7)).
//!
//! Each watched file is an [`Item`] that hangs on the file's wait queues. When one is woken, the item puts
//! itself on the ready list; `wait` takes items from that list, asks their files what really holds, and
//! reports it. A level-triggered item goes back on the list as long as its file is ready; an edge-triggered one
//! only comes back with the next wake-up.
//!
//! Lock order: `turn`, `items`, then the ready list, which interrupt handlers change too.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use bitflags::bitflags;

use exo_kernel::cap::{Capability, ObjectKind, Place, Rights};
use exo_kernel::sync::{
    Events, IrqLock, Mutex, Notify, PollTable, Rank, Registration, Sleep, SpinLock, WaitQueue,
};
use exo_kernel::time::Instant;
use exo_kernel::vfs::{File, Metadata, OpenFile};
use exo_kernel::{Kind, Result};

/// How deep epolls may watch epolls.
const MAX_NESTING: usize = 5;

bitflags! {
    /// How an item is watched, beside its events.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Mode: u32 {
        const EXCLUSIVE = 1 << 28;
        /// Keeps the machine awake; it does not sleep anyway.
        const WAKEUP = 1 << 29;
        const ONESHOT = 1 << 30;
        const EDGE = 1 << 31;
    }
}

/// Which file is watched: the descriptor it was added by and the open file behind it, whose address no other file gets as
/// long as the item has its weak reference.
type Key = (i32, usize);

/// The part that items know.
struct Core {
    ready: IrqLock<VecDeque<Arc<Item>>>,
    /// Those who wait for a ready item: threads in `wait`, and polls on the epoll itself.
    waiters: WaitQueue,
    /// Epolls that watch this one.
    watchers: SpinLock<Vec<Weak<Core>>>,
}

/// A watched file.
struct Item {
    key: Key,
    file: Weak<OpenFile>,
    /// Where the capability stands that it was added by, if that is a derived one.
    place: Option<Place>,
    core: Arc<Core>,
    /// The events waited for and the [`Mode`]; no events while a one-shot item is spent.
    interest: AtomicU32,
    data: AtomicU64,
    queued: AtomicBool,
    /// Not watched any more; may not go on the ready list. Set under the list's lock.
    removed: AtomicBool,
    registrations: SpinLock<Vec<Registration>>,
}

impl Item {
    fn interest(&self) -> Events {
        Events::from_bits_truncate(self.interest.load(Ordering::Acquire) & !Mode::all().bits())
    }

    fn mode(&self) -> Mode {
        Mode::from_bits_truncate(self.interest.load(Ordering::Acquire))
    }

    /// Puts the item on the ready list unless it is there. The list has room for every item.
    fn enqueue(self: &Arc<Self>) {
        let mut ready = self.core.ready.lock();
        if !self.removed.load(Ordering::Relaxed) && !self.queued.swap(true, Ordering::Relaxed) {
            ready.push_back(self.clone());
        }
    }

    /// Takes the item out of everything that refers to it. After this no wake-up reaches it.
    fn detach(&self) {
        let registrations = core::mem::take(&mut *self.registrations.lock());
        drop(registrations);
        let mut ready = self.core.ready.lock();
        self.removed.store(true, Ordering::Relaxed);
        let place = ready.iter().position(|item| core::ptr::eq(&**item, self));
        let queued = place.and_then(|place| ready.remove(place));
        drop(ready);
        drop(queued);
    }

    /// Was the capability revoked that it was added by?
    fn is_revoked(&self) -> bool {
        self.place.as_ref().is_some_and(Place::is_revoked)
    }

    /// Reports only once more after the next change (`EPOLLONESHOT`).
    fn spend(&self, interest: u32) {
        // Lost if the item was changed meanwhile: then it is armed anew.
        let spent = interest & Mode::all().bits();
        let _ = self.interest.compare_exchange(interest, spent, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// Hangs on the file's wait queues and looks at it once.
    fn attach(self: &Arc<Self>, capability: &Capability) -> Result<Events> {
        let interest = self.interest();
        let mut table = PollTable::new(Arc::new(Hook(Arc::downgrade(self))), Events::all());
        if self.mode().contains(Mode::EXCLUSIVE) {
            table.set_exclusive();
        }
        let events = capability.poll(Some(&mut table))?;
        table.check()?;
        *self.registrations.lock() = table.into_registrations();
        Ok(events & interest)
    }
}

/// What hangs on the wait queues of a file: a weak reference, as the registrations belong to the item.
struct Hook(Weak<Item>);

impl Notify for Hook {
    fn notify(&self, events: Events) -> bool {
        let Some(item) = self.0.upgrade() else { return false };
        if !events.intersects(item.interest()) {
            return false;
        }
        item.enqueue();
        item.core.waiters.wake(1, Events::IN | Events::RDNORM) > 0
    }
}

/// What a program asks for when it adds or changes an item.
#[derive(Clone, Copy)]
pub struct Interest {
    pub events: Events,
    pub mode: Mode,
    /// Given back with every event.
    pub data: u64,
}

impl Interest {
    /// With the events that are always waited for: an item that waits for none is spent.
    fn armed(mut self) -> Self {
        self.events |= Events::ERR | Events::HUP;
        self
    }

    fn word(&self) -> u32 {
        self.events.bits() | self.mode.bits()
    }
}

/// A set of watched files.
pub struct Epoll {
    core: Arc<Core>,
    items: Mutex<BTreeMap<Key, Arc<Item>>>,
    /// Held by the thread that takes items from the ready list.
    turn: Mutex<()>,
}

/// Held while an epoll is put into another, so that no two such changes close a loop together.
static NESTING: Mutex<()> = Mutex::new(());

impl Default for Epoll {
    fn default() -> Self {
        Self::new()
    }
}

impl Epoll {
    /// Watches nothing.
    pub fn new() -> Self {
        let core = Core {
            ready: IrqLock::with_rank(Rank::Leaf, VecDeque::new()),
            waiters: WaitQueue::new(),
            watchers: SpinLock::new(Vec::new()),
        };
        Self { core: Arc::new(core), items: Mutex::new(BTreeMap::new()), turn: Mutex::new(()) }
    }

    /// Is this open file an epoll?
    pub fn of(file: &OpenFile) -> Option<&Epoll> {
        file.file().downcast()
    }

    fn key(fd: i32, file: &Arc<OpenFile>) -> Key {
        (fd, Arc::as_ptr(file) as usize)
    }

    /// Makes room for one more item, with interrupts on. Items whose files were closed are given up first: nothing tells
    /// of a close. Then there is room for twice as many as are left, so looking at all is paid for by as many additions.
    fn make_room(&self, items: &mut BTreeMap<Key, Arc<Item>>) -> Result<()> {
        if self.core.ready.lock().capacity() > items.len() {
            return Ok(());
        }
        items.retain(|_, item| {
            let open = item.file.strong_count() > 0;
            if !open {
                item.detach();
            }
            open
        });
        let mut larger = VecDeque::new();
        larger.try_reserve((2 * items.len()).next_power_of_two().max(8)).map_err(|_| Kind::NoMemory)?;
        let mut ready = self.core.ready.lock();
        if ready.capacity() < larger.capacity() {
            larger.extend(ready.drain(..));
            core::mem::swap(&mut larger, &mut ready);
        }
        drop(ready);
        Ok(())
    }

    /// Watches the file behind `capability`. [`Kind::Exists`] if it is watched under this descriptor, [`Kind::Loop`] if it watches us.
    pub fn add(&self, fd: i32, capability: &Capability, interest: Interest) -> Result<()> {
        let file = capability.file(Rights::POLL)?;
        let interest = interest.armed();
        let nesting = match Self::of(file) {
            None => None,
            Some(inner) => {
                let guard = NESTING.lock();
                self.check_nesting(inner)?;
                Some((guard, inner))
            }
        };
        let key = Self::key(fd, file);
        let mut items = self.items.lock();
        if items.contains_key(&key) {
            return Err(Kind::Exists.into());
        }
        self.make_room(&mut items)?;
        let item = Arc::new(Item {
            key,
            file: Arc::downgrade(file),
            place: capability.place(),
            core: self.core.clone(),
            interest: AtomicU32::new(interest.word()),
            data: AtomicU64::new(interest.data),
            queued: AtomicBool::new(false),
            removed: AtomicBool::new(false),
            registrations: SpinLock::new(Vec::new()),
        });
        let events = item.attach(capability)?;
        if let Some((_guard, inner)) = nesting {
            let mut watchers = inner.core.watchers.lock();
            // Those that were closed meanwhile have not said so.
            watchers.retain(|watcher| watcher.strong_count() > 0);
            watchers.try_reserve(1).map_err(|_| Kind::NoMemory)?;
            watchers.push(Arc::downgrade(&self.core));
        }
        items.insert(key, item.clone());
        drop(items);
        self.announce(&item, events);
        Ok(())
    }

    fn announce(&self, item: &Arc<Item>, events: Events) {
        if !events.is_empty() {
            item.enqueue();
            self.core.waiters.wake(1, Events::IN | Events::RDNORM);
        }
    }

    /// Changes what is waited for. [`Kind::NotFound`] if the file is not watched under this descriptor.
    pub fn modify(&self, fd: i32, file: &Arc<OpenFile>, interest: Interest) -> Result<()> {
        let interest = interest.armed();
        let item = self.items.lock().get(&Self::key(fd, file)).cloned().ok_or(Kind::NotFound)?;
        if item.mode().contains(Mode::EXCLUSIVE) {
            return Err(Kind::Invalid.into());
        }
        item.data.store(interest.data, Ordering::Relaxed);
        item.interest.store(interest.word(), Ordering::Release);
        let events = file.poll(None) & interest.events;
        self.announce(&item, events);
        Ok(())
    }

    /// Watches a file no longer.
    pub fn remove(&self, fd: i32, file: &Arc<OpenFile>) -> Result<()> {
        let item = self.items.lock().remove(&Self::key(fd, file)).ok_or(Kind::NotFound)?;
        item.detach();
        if let Some(inner) = Self::of(file) {
            let mut watchers = inner.core.watchers.lock();
            let place = watchers.iter().position(|watcher| watcher.as_ptr() == Arc::as_ptr(&self.core));
            let watcher = place.map(|place| watchers.swap_remove(place));
            drop(watchers);
            drop(watcher);
        }
        Ok(())
    }

    /// Is there something to look at?
    pub fn any_ready(&self) -> bool {
        !self.core.ready.lock().is_empty()
    }

    /// Sleeps until there is something to look at. [`Kind::TimedOut`], [`Kind::Interrupted`].
    pub fn wait(&self, deadline: Option<Instant>) -> Result<()> {
        self.core.waiters.wait(Sleep::Interruptible, deadline, || self.any_ready().then_some(()))
    }

    /// Hands up to `limit` events that hold to `emit`; if that fails, the event is kept. Returns their number.
    pub fn harvest(&self, limit: usize, mut emit: impl FnMut(Events, u64) -> Result<()>) -> Result<usize> {
        let _turn = self.turn.lock();
        let mut left = self.core.ready.lock().len();
        let mut count = 0;
        while count < limit && left > 0 {
            left -= 1;
            let Some(item) = self.next_ready() else { break };
            let Some(file) = item.file.upgrade() else {
                self.forget(&item);
                continue;
            };
            let word = item.interest.load(Ordering::Acquire);
            let (interest, mode) = (item.interest(), item.mode());
            if interest.is_empty() {
                continue;
            }
            let revoked = item.is_revoked();
            // Of what was revoked nothing more is told than that.
            let ended = Events::ERR | Events::HUP;
            let events = if revoked { ended } else { file.poll(None) & interest };
            if events.is_empty() {
                continue;
            }
            if let Err(error) = emit(events, item.data.load(Ordering::Relaxed)) {
                item.enqueue();
                return if count > 0 { Ok(count) } else { Err(error) };
            }
            count += 1;
            if revoked {
                self.forget(&item);
            } else if mode.contains(Mode::ONESHOT) {
                item.spend(word);
            } else if !mode.contains(Mode::EDGE) {
                item.enqueue();
            }
        }
        if self.any_ready() {
            self.core.waiters.wake(1, Events::IN | Events::RDNORM);
        }
        Ok(count)
    }

    fn next_ready(&self) -> Option<Arc<Item>> {
        let mut ready = self.core.ready.lock();
        let item = ready.pop_front()?;
        item.queued.store(false, Ordering::Relaxed);
        Some(item)
    }

    /// Does an item on the ready list hold what is waited for? Items that do not are taken off.
    fn holds_ready(&self) -> bool {
        if !self.any_ready() {
            return false;
        }
        let _turn = self.turn.lock();
        let left = self.core.ready.lock().len();
        for _ in 0..left {
            let Some(item) = self.next_ready() else { return false };
            let file = item.file.upgrade();
            let holds = |file: Arc<OpenFile>| file.poll(None).intersects(item.interest());
            if item.is_revoked() || file.is_some_and(holds) {
                item.enqueue();
                return true;
            }
        }
        false
    }

    /// The file of this item was closed, or the capability revoked.
    #[cold]
    fn forget(&self, item: &Arc<Item>) {
        item.detach();
        let mut items = self.items.lock();
        // The file may have been removed and added again before it was closed.
        let is_listed = items.get(&item.key).is_some_and(|listed| Arc::ptr_eq(listed, item));
        let forgotten = if is_listed { items.remove(&item.key) } else { None };
        drop(items);
        drop(forgotten);
    }

    /// [`Kind::Loop`] if watching `inner` closed a loop or made too deep a chain.
    fn check_nesting(&self, inner: &Epoll) -> Result<()> {
        let above = height(&self.core, MAX_NESTING);
        let below = inner.depth(&self.core, MAX_NESTING).ok_or(Kind::Loop)?;
        if above + below + 1 > MAX_NESTING {
            return Err(Kind::Loop.into());
        }
        Ok(())
    }

    /// Levels of epolls below this one; `None` if `target` is one of them or there are more than `limit`.
    fn depth(&self, target: &Arc<Core>, limit: usize) -> Option<usize> {
        if Arc::ptr_eq(&self.core, target) || limit == 0 {
            return None;
        }
        let mut deepest = 0;
        for item in self.items.lock().values() {
            let Some(file) = item.file.upgrade() else { continue };
            if let Some(inner) = Self::of(&file) {
                deepest = deepest.max(inner.depth(target, limit - 1)? + 1);
            }
        }
        Some(deepest)
    }
}

/// Levels of epolls above `core`, at most `limit`.
fn height(core: &Core, limit: usize) -> usize {
    if limit == 0 {
        return 0;
    }
    let watchers: Vec<_> = core.watchers.lock().iter().filter_map(Weak::upgrade).collect();
    watchers.iter().map(|watcher| height(watcher, limit - 1) + 1).max().unwrap_or(0)
}

impl Drop for Epoll {
    fn drop(&mut self) {
        let items = core::mem::take(self.items.get_mut());
        items.values().for_each(|item| item.detach());
    }
}

impl File for Epoll {
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::Event
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.register(&self.core.waiters);
        }
        let mut events = Events::empty();
        events.set(Events::IN | Events::RDNORM, self.holds_ready());
        events
    }

    fn metadata(&self) -> Result<Metadata> {
        Ok(super::anonymous_metadata())
    }

    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        out.write_str("anon_inode:[eventpoll]")
    }
}
