//! What a sender has sent and nobody received yet, and how long anybody waits.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;

use crate::sync::{Events, Sleep, WaitQueue};
use crate::time::{self, Instant};
use crate::{Kind, Result};

/// What may be under way at most, by default (Linux's default `SO_SNDBUF`).
const CAPACITY: usize = 212_992;
/// What a message or a slot counts for besides its bytes (a `struct sk_buff` and what goes with it on Linux).
pub(super) const OVERHEAD: usize = 768;

/// The sender's side of flow control: all that is in the queues of others counts, and goes with the slots.
pub(super) struct Account {
    limit: AtomicUsize,
    charged: AtomicUsize,
    /// Nothing more is sent: shut down, or the other end has gone.
    shut: AtomicBool,
    /// Woken when there is a good deal of room, or nothing more to wait for.
    pub writable: WaitQueue,
}

impl Account {
    pub fn new() -> Self {
        Self {
            limit: AtomicUsize::new(CAPACITY),
            charged: AtomicUsize::new(0),
            shut: AtomicBool::new(false),
            writable: WaitQueue::new(),
        }
    }

    /// What may be under way at most.
    #[inline]
    pub fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }
    pub fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes, Ordering::Relaxed);
        self.tell();
    }
    /// What is under way.
    #[inline]
    pub fn charged(&self) -> usize {
        self.charged.load(Ordering::Relaxed)
    }
    /// May something be sent? What is sent then may be more than there is room for.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.charged() < self.limit()
    }
    /// Is there so much room that polls should hear of it?
    #[inline]
    pub fn is_writable(&self) -> bool {
        self.charged() * 4 <= self.limit()
    }
    #[inline]
    pub fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Acquire)
    }
    pub fn shut(&self) {
        self.shut.store(true, Ordering::Release);
    }

    #[inline]
    pub fn charge(&self, amount: usize) {
        self.charged.fetch_add(amount, Ordering::Relaxed);
    }
    /// Gives back what was received, or dropped. Wakes only once there is a good deal of room: then senders can go on
    /// for a while.
    #[inline]
    pub fn release(&self, amount: usize) {
        if amount != 0 {
            self.charged.fetch_sub(amount, Ordering::Release);
            if self.is_writable() {
                self.tell();
            }
        }
    }
    #[inline]
    pub fn tell(&self) {
        self.writable.wake(usize::MAX, Events::OUT | Events::WRNORM | Events::WRBAND);
    }
}

/// How long a call may wait.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    /// Not at all.
    pub nonblock: bool,
    /// So long (`SO_RCVTIMEO`, `SO_SNDTIMEO`); for ever without.
    pub timeout: Option<Duration>,
    deadline: Option<Instant>,
}

impl Patience {
    /// Waits not at all, or for `timeout`, or for ever.
    #[inline]
    pub fn new(nonblock: bool, timeout: Option<Duration>) -> Self {
        Self { nonblock, timeout, deadline: None }
    }

    /// Waits on `queue` until `ready` gives something. All waits of a call end at the same time.
    /// [`Kind::TimedOut`] then, [`Kind::WouldBlock`] if it may not wait, [`Kind::Interrupted`] as usual.
    pub(super) fn wait<T>(&mut self, queue: &WaitQueue, ready: impl FnMut() -> Option<T>) -> Result<T> {
        if self.nonblock {
            return Err(Kind::WouldBlock.into());
        }
        if let (None, Some(timeout)) = (self.deadline, self.timeout) {
            self.deadline = Some(time::now() + timeout);
        }
        let result = queue.wait(Sleep::Interruptible, self.deadline, ready);
        if self.deadline.is_none() {
            return result;
        }
        // The time that is left cannot be told to a call that is made again.
        result
            .map_err(|error| if error == Kind::Interrupted { Kind::InterruptedForGood.into() } else { error })
    }
}
