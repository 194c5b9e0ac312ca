//! Parking: how one who finds the ring empty (or full) sleeps, and the other side knows to wake it.
//!
//! A [`ParkWord`] lies in the shared control page, one for each side. In its high half is an epoch, in its low
//! half how many wait. The waiter's way is: [`ParkWord::prepare`], **check the ring again**, sleep while the epoch
//! is the ticket's. The other's is: change the ring, [`ParkWord::notify`], and if that says so, wake all sleepers.
//!
//! Why no wake-up is lost: `prepare` counts the waiter and `notify` looks at the count, each with a sequentially
//! consistent fence between that and the ring. Of two such fences one is first. If the waiter's is, the notifier
//! sees the count; if the notifier's is, the waiter's second check sees the message. With anything weaker both
//! could miss the other, because a processor may delay its own store past its next load: `tests/loom.rs` shows
//! that too. Once counted, the waiter either finds the epoch moved, and doesn't sleep, or sleeps and is woken,
//! since whoever puts it to sleep compares the epoch after joining the queue that the waker empties.
//!
//! A notifier that finds nobody waiting (nearly always) pays for the fence and one load; one that sends a batch
//! pays once.

use crate::sync::{fence, AtomicU64, Ordering};

/// Who waits for one side of a ring. See the module's text.
#[derive(Debug)]
#[repr(transparent)]
pub struct ParkWord(AtomicU64);

const WAITERS: u64 = 0xffff_ffff;
const EPOCH: u64 = 1 << 32;

/// The epoch in which a waiter was counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ticket(u32);

impl Ticket {
    /// Of a waiter that counted itself in this epoch, as a program tells the kernel which puts it to sleep.
    #[must_use]
    pub const fn of_epoch(epoch: u32) -> Self {
        Self(epoch)
    }

    /// The number that the word's high half has while the waiter may sleep: what a futex compares.
    #[must_use]
    pub const fn epoch(self) -> u32 {
        self.0
    }
}

impl ParkWord {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts a waiter. It must look at the ring once more before it sleeps.
    #[inline]
    pub fn prepare(&self) -> Ticket {
        // If a scribbler filled the count up, this carries into the epoch: somebody wakes for nothing.
        let old = self.0.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        Ticket((old >> 32) as u32)
    }

    /// May the waiter (still) sleep? Asked by whoever puts it to sleep, after joining the queue of sleepers.
    #[inline]
    pub fn is_current(&self, ticket: Ticket) -> bool {
        (self.0.load(Ordering::Acquire) >> 32) as u32 == ticket.0
    }

    /// Where the epoch lies, for a kernel that compares it by address, as a futex does.
    #[cfg(not(loom))]
    pub const fn epoch_address(&self) -> *const u32 {
        // Little-endian: the high half is the second.
        let halves: *const u32 = core::ptr::from_ref(self).cast();
        halves.wrapping_add(1)
    }

    /// Takes back `prepare`, when the second look found something, or sleep ended for another reason.
    #[inline]
    pub fn cancel(&self, ticket: Ticket) {
        let mut word = self.0.load(Ordering::Relaxed);
        while (word >> 32) as u32 == ticket.0 && word & WAITERS != 0 {
            match self.0.compare_exchange_weak(word, word - 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    /// After a change to the ring: does anybody wait for it? If so the epoch moves, and all who sleep on this word
    /// have to be woken.
    #[inline]
    #[must_use = "sleepers have to be woken"]
    pub fn notify(&self) -> bool {
        fence(Ordering::SeqCst);
        let word = self.0.load(Ordering::Relaxed);
        word & WAITERS != 0 && self.advance(word)
    }

    #[cold]
    fn advance(&self, mut word: u64) -> bool {
        while word & WAITERS != 0 {
            let next = (word & !WAITERS).wrapping_add(EPOCH);
            // Release: who finds the epoch moved also finds the ring changed.
            match self.0.compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }
}

/// How often to look before sleeping: more where looking has helped, less where it has not, never above a bound.
#[derive(Clone, Copy, Debug)]
pub struct Spin {
    most: u32,
    now: u32,
}

impl Spin {
    /// Up to `most` looks. 0 where the other side can't run meanwhile: on one CPU.
    #[must_use]
    pub const fn new(most: u32) -> Self {
        Self { most, now: most }
    }

    /// Looks to take this time.
    #[must_use]
    pub const fn looks(&self) -> u32 {
        self.now
    }

    fn helped(&mut self) {
        self.now = (self.now.saturating_mul(2)).clamp(1, self.most.max(1)).min(self.most);
    }

    fn was_vain(&mut self) {
        self.now = (self.now / 2).max(self.most.min(1));
    }
}

/// Waits until `check` finds something: looks a bounded number of times, then parks.
///
/// `park` sleeps while [`ParkWord::is_current`] holds for the ticket; it may also return earlier. Its error ends
/// the wait.
pub fn wait<T, E>(
    word: &ParkWord,
    spin: &mut Spin,
    mut check: impl FnMut() -> Option<T>,
    mut park: impl FnMut(Ticket) -> Result<(), E>,
) -> Result<T, E> {
    if let Some(found) = check() {
        return Ok(found);
    }
    for _ in 0..spin.looks() {
        core::hint::spin_loop();
        if let Some(found) = check() {
            spin.helped();
            return Ok(found);
        }
    }
    spin.was_vain();
    loop {
        let ticket = word.prepare();
        if let Some(found) = check() {
            word.cancel(ticket);
            return Ok(found);
        }
        let slept = park(ticket);
        word.cancel(ticket);
        slept?;
        if let Some(found) = check() {
            return Ok(found);
        }
    }
}
