//! Futexes: threads that wait until a word of user memory changes.
//!
//! A waiter joins the queue of its word's [`Key`], then looks at the word, then sleeps; a waker changes the word
//! (in user mode), then looks for waiters. So no wake-up is lost, and the word is never touched with a lock held.
//! The queues are the buckets of one hash table; waiters are nodes on their threads' stacks, as in
//! [`crate::sync::WaitQueue`], but can be moved from one key to another.

use alloc::sync::Arc;
use core::cell::Cell;
use core::sync::atomic::{fence, AtomicU32, AtomicUsize, Ordering};

use crate::arch::usercopy::{cmpxchg_user_u32, in_user_range, load_user_u32};
use crate::mm::Vmo;
use crate::sched;
use crate::sync::{self, Rank, Sleep, SpinLock, SpinLockGuard, Waiters};
use crate::time::{self, Instant};
use crate::{Kind, Result};

/// Matches every waiter.
pub const MATCH_ANY: u32 = u32::MAX;

const BUCKETS: usize = 256;

/// Who can mean the same word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Threads of one address space.
    Private,
    /// Whoever maps the same memory.
    Shared,
}

/// What names a word: the address space and the address, or the memory object and the offset in it. Words are
/// aligned, so the lowest bit is free to keep private and shared waiters of one address apart, as Linux does.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    object: usize,
    offset: u64,
}

impl Key {
    fn bucket(self) -> usize {
        let mixed = (self.object as u64 ^ self.offset.rotate_left(32) ^ self.offset)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 56) as usize % BUCKETS
    }
}

/// A word of the current thread's memory.
struct Word {
    address: usize,
    key: Key,
    /// Keeps the object, and so the key's meaning.
    _object: Option<Arc<Vmo>>,
}

impl Word {
    /// [`Kind::Invalid`] if not aligned, [`Kind::Fault`] if not a user address, or for a shared futex one whose
    /// word nobody can ever change.
    #[inline]
    fn new(address: usize, scope: Scope) -> Result<Self> {
        if address % 4 != 0 {
            return Err(Kind::Invalid.into());
        }
        if !in_user_range(address, 4) {
            return Err(Kind::Fault.into());
        }
        let space = sched::current().own_space().ok_or(Kind::Fault)?;
        if scope == Scope::Shared {
            // Nothing mapped there is a fault here already.
            load_user_u32(address)?;
            if let Some((object, offset)) = space.shared_object(address) {
                let key = Key { object: Arc::as_ptr(&object) as usize, offset };
                return Ok(Self { address, key, _object: Some(object) });
            }
            if space.is_constant(address) {
                return Err(Kind::Fault.into());
            }
        }
        let offset = address as u64 | u64::from(scope == Scope::Shared);
        let key = Key { object: Arc::as_ptr(space) as usize, offset };
        Ok(Self { address, key, _object: None })
    }
}

/// What a waiter waits for. A requeue changes key and bucket, with both buckets locked.
struct Target {
    key: Cell<Key>,
    bucket: AtomicUsize,
    bitset: u32,
}

type Waiter = sync::Waiter<Target>;
type List = Waiters<Target>;

#[repr(align(64))]
struct Bucket {
    /// Waiters in the list: for looking without the lock.
    waiting: AtomicU32,
    list: SpinLock<List>,
}

static TABLE: [Bucket; BUCKETS] =
    [const { Bucket { waiting: AtomicU32::new(0), list: SpinLock::with_rank(Rank::Futex, List::new()) } };
        BUCKETS];

impl Bucket {
    /// Might somebody wait here? Called after the word changed: see [`Waiter::join`].
    #[inline]
    fn occupied(&self) -> bool {
        fence(Ordering::SeqCst);
        self.waiting.load(Ordering::Relaxed) != 0
    }

    /// Wakes up to `count` waiters for `key` that match `bitset`.
    #[inline]
    fn wake_locked(&self, list: &mut List, key: Key, count: usize, bitset: u32) -> usize {
        let wanted = |target: &Target| target.key.get() == key && target.bitset & bitset != 0;
        list.take(count, wanted, |_, waiter| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            waiter.wake();
        })
    }
}

impl Waiter {
    fn on(key: Key, bitset: u32) -> Self {
        let bucket = AtomicUsize::new(key.bucket());
        Self::new(Target { key: Cell::new(key), bucket, bitset })
    }

    /// Stands in the queue from now on. The counter's locked increment orders that before the look at the word,
    /// as the fence in `occupied` orders the word's change before the look at the counter.
    fn join(&self) {
        let bucket = &TABLE[self.what.bucket.load(Ordering::Relaxed)];
        let mut list = bucket.list.lock();
        // SAFETY: it is new, and `wait` takes it out or sees that somebody did.
        unsafe { list.push(self) };
        self.link.set();
        bucket.waiting.fetch_add(1, Ordering::SeqCst);
    }

    #[inline]
    fn woken(&self) -> bool {
        !self.link.is_set()
    }

    /// Leaves the queue; false if somebody woke the waiter before.
    fn leave(&self) -> bool {
        loop {
            let index = self.what.bucket.load(Ordering::Acquire);
            let bucket = &TABLE[index];
            let mut list = bucket.list.lock();
            // A requeue may have moved it while the lock was not ours.
            if self.what.bucket.load(Ordering::Relaxed) != index {
                continue;
            }
            if !self.link.is_set() {
                return false;
            }
            // SAFETY: its link says that it is in a queue, and its bucket in which; that one is locked.
            unsafe { list.remove(self) };
            self.link.clear();
            bucket.waiting.fetch_sub(1, Ordering::Relaxed);
            return true;
        }
    }
}

/// Sleeps while the word holds `expected`, until woken by somebody whose bits meet `bitset`.
///
/// [`Kind::WouldBlock`] if it holds something else, [`Kind::TimedOut`] after the deadline, [`Kind::Interrupted`]
/// when the thread's attention is requested.
pub fn wait(
    address: usize,
    expected: u32,
    bitset: u32,
    scope: Scope,
    deadline: Option<Instant>,
) -> Result<()> {
    let word = Word::new(address, scope)?;
    let waiter = Waiter::on(word.key, bitset);
    waiter.join();
    let failure = match load_user_u32(word.address) {
        Ok(value) if value == expected => sleep(&waiter, deadline),
        Ok(_) => Kind::WouldBlock,
        Err(error) => error.kind(),
    };
    // A wake-up that reached us counts, whatever else happened: its sender was told so.
    if waiter.woken() || !waiter.leave() {
        waiter.link.settle();
        return Ok(());
    }
    Err(failure.into())
}

/// Sleeps until woken; returns what else ended it.
fn sleep(waiter: &Waiter, deadline: Option<Instant>) -> Kind {
    loop {
        if waiter.woken() {
            // Not looked at.
            return Kind::Interrupted;
        }
        if waiter.thread.attention_requested() {
            return Kind::Interrupted;
        }
        if deadline.is_some_and(|deadline| deadline <= time::now()) {
            return Kind::TimedOut;
        }
        sched::sleep_while(&waiter.link, Sleep::Interruptible, deadline);
    }
}

/// Wakes up to `count` waiters whose bits meet `bitset`; returns how many.
#[inline]
pub fn wake(address: usize, count: usize, bitset: u32, scope: Scope) -> Result<usize> {
    let word = Word::new(address, scope)?;
    let bucket = &TABLE[word.key.bucket()];
    if !bucket.occupied() {
        return Ok(0);
    }
    Ok(bucket.wake_locked(&mut bucket.list.lock(), word.key, count, bitset))
}

/// The buckets of two keys, locked in the table's order.
fn lock_both(
    first: usize,
    second: usize,
) -> (SpinLockGuard<'static, List>, Option<SpinLockGuard<'static, List>>) {
    if first == second {
        return (TABLE[first].list.lock(), None);
    }
    if first < second {
        let lower = TABLE[first].list.lock();
        return (lower, Some(TABLE[second].list.lock()));
    }
    let lower = TABLE[second].list.lock();
    (TABLE[first].list.lock(), Some(lower))
}

/// Wakes up to `wake_count` waiters of the first word, and has up to `move_count` further ones wait for the second.
/// Returns both numbers. With `expected`, [`Kind::WouldBlock`] if the first word holds something else; it is
/// compared before the queues are locked, so waiters that came since may be woken in vain, as futex(2) allows.
pub fn requeue(
    from: usize,
    to: usize,
    wake_count: usize,
    move_count: usize,
    expected: Option<u32>,
    scope: Scope,
) -> Result<(usize, usize)> {
    let source = Word::new(from, scope)?;
    let target = Word::new(to, scope)?;
    if let Some(expected) = expected {
        if load_user_u32(source.address)? != expected {
            return Err(Kind::WouldBlock.into());
        }
    }
    let (source_index, target_index) = (source.key.bucket(), target.key.bucket());
    if !TABLE[source_index].occupied() {
        return Ok((0, 0));
    }
    let (mut list, mut other) = lock_both(source_index, target_index);
    let bucket = &TABLE[source_index];
    let woken = bucket.wake_locked(&mut list, source.key, wake_count, MATCH_ANY);
    let mut moved = 0;
    if source.key != target.key {
        let wanted = |what: &Target| what.key.get() == source.key;
        moved = list.take(move_count, wanted, |list, waiter| {
            waiter.what.key.set(target.key);
            let target_list = match &mut other {
                None => list,
                Some(other) => {
                    bucket.waiting.fetch_sub(1, Ordering::Relaxed);
                    TABLE[target_index].waiting.fetch_add(1, Ordering::SeqCst);
                    waiter.what.bucket.store(target_index, Ordering::Release);
                    &mut **other
                }
            };
            // SAFETY: just taken out of the other list; its link still says that it is in one.
            unsafe { target_list.push(waiter) };
        });
    }
    Ok((woken, moved))
}

/// What [`wake_op`] does to the second word, and when it wakes its waiters.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The new value from the old.
    pub change: fn(u32, u32) -> u32,
    /// The change's operand.
    pub operand: u32,
    /// Is the old value such that the second word's waiters are to be woken?
    pub test: fn(i32, i32) -> bool,
    /// What the old value is compared with.
    pub comparand: i32,
}

/// Changes the second word atomically, wakes up to `count` waiters of the first, and up to `second_count` of the
/// second if its old value passes the test. Returns how many in all.
pub fn wake_op(
    first: usize,
    second: usize,
    count: usize,
    second_count: usize,
    operation: Operation,
    scope: Scope,
) -> Result<usize> {
    let one = Word::new(first, scope)?;
    let two = Word::new(second, scope)?;
    let mut old = load_user_u32(two.address)?;
    loop {
        let found = cmpxchg_user_u32(two.address, old, (operation.change)(old, operation.operand))?;
        if found == old {
            break;
        }
        old = found;
    }
    let mut woken = 0;
    let mut wake = |word: &Word, count| {
        let bucket = &TABLE[word.key.bucket()];
        if bucket.occupied() {
            woken += bucket.wake_locked(&mut bucket.list.lock(), word.key, count, MATCH_ANY);
        }
    };
    wake(&one, count);
    if (operation.test)(old as i32, operation.comparand) {
        wake(&two, second_count);
    }
    Ok(woken)
}
