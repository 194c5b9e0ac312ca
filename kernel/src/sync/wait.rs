//! Wait queues: the one way to wait.
//!
//! Waiting is: join the queue, check the condition, sleep. Waking is: change the condition, wake. In this order
//! on every CPU, so that no wake-up is lost. [`WaitQueue::wait`] does the first three; its condition may take
//! locks, touch user memory and even sleep itself, because the thread only counts as asleep after the check.
//!
//! A queue costs nothing until somebody waits: waking it is a fence and one load. Sleepers stand in it by nodes
//! on their own stacks; polls by registrations (see [`super::poll`]).

use core::sync::atomic::{fence, AtomicU32, Ordering};

use alloc::sync::Arc;
use spin::Once;

use super::order::Rank;
use super::poll::{Events, Pollers};
use super::waiters::{Waiter, Waiters};
use super::IrqLock;
use crate::sched;
use crate::time::{self, Instant};
use crate::{Kind, Result};

/// May a signal end the sleep?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sleep {
    /// Ends with [`Kind::Interrupted`] when the thread's attention is requested.
    Interruptible,
    /// Goes on until the condition holds or the deadline passes.
    Uninterruptible,
}

/// Bit of `occupied`: somebody registered for polling, at some time.
const POLLED: u32 = 1 << 31;

/// Threads that sleep until something happens, and polls that want to be told.
pub struct WaitQueue {
    /// Sleepers, and [`POLLED`].
    occupied: AtomicU32,
    sleepers: IrqLock<Waiters<()>>,
    pollers: Once<Arc<Pollers>>,
}

impl Default for WaitQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl WaitQueue {
    /// A queue in which nobody waits.
    pub const fn new() -> Self {
        Self {
            occupied: AtomicU32::new(0),
            sleepers: IrqLock::with_rank(Rank::Waiters, Waiters::new()),
            pollers: Once::new(),
        }
    }

    /// Sleeps until `condition` gives a value. It is checked at once, and again after every wake-up.
    ///
    /// [`Kind::TimedOut`] when the deadline passed, [`Kind::Interrupted`] when an interruptible sleeper's attention
    /// was requested; the condition wins over both.
    pub fn wait<T>(
        &self,
        sleep: Sleep,
        deadline: Option<Instant>,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        super::order::assert_may_sleep();
        let waiter = Waiter::new(());
        loop {
            self.join(&waiter);
            let outcome = self.sleep_joined(&waiter, sleep, deadline, &mut condition);
            if waiter.link.is_set() {
                self.leave(&waiter);
            }
            waiter.link.settle();
            if let Some(outcome) = outcome {
                return outcome;
            }
            // Woken: mostly the condition holds now, and joining again would be in vain.
            if let Some(value) = condition() {
                return Ok(value);
            }
        }
    }

    /// Checks and sleeps while the waiter is linked; `None` once it was woken.
    #[inline]
    fn sleep_joined<T>(
        &self,
        waiter: &Waiter<()>,
        sleep: Sleep,
        deadline: Option<Instant>,
        condition: &mut impl FnMut() -> Option<T>,
    ) -> Option<Result<T>> {
        loop {
            if let Some(value) = condition() {
                return Some(Ok(value));
            }
            if sleep == Sleep::Interruptible && waiter.thread.attention_requested() {
                return Some(Err(Kind::Interrupted.into()));
            }
            if deadline.is_some_and(|deadline| deadline <= time::now()) {
                return Some(Err(Kind::TimedOut.into()));
            }
            sched::sleep_while(&waiter.link, sleep, deadline);
            if !waiter.link.is_set() {
                return None;
            }
        }
    }

    fn join(&self, waiter: &Waiter<()>) {
        let mut sleepers = self.sleepers.lock();
        // SAFETY: it was woken or never joined; and `wait` leaves the queue before the waiter goes away.
        unsafe { sleepers.push(waiter) };
        waiter.link.set();
        // The lock's release and the fence order this before the condition is checked (see `wake`).
        self.occupied.fetch_add(1, Ordering::SeqCst);
    }

    #[cold]
    fn leave(&self, waiter: &Waiter<()>) {
        let mut sleepers = self.sleepers.lock();
        if waiter.link.is_set() {
            // SAFETY: its link says that it is in the queue, which is locked.
            unsafe { sleepers.remove(waiter) };
            waiter.link.clear();
            self.occupied.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Wakes the sleeper that came first, and tells all polls.
    #[inline]
    pub fn wake_one(&self) -> usize {
        self.wake(1, Events::all())
    }

    /// Wakes all sleepers, and tells all polls.
    #[inline]
    pub fn wake_all(&self) -> usize {
        self.wake(usize::MAX, Events::all())
    }

    /// Wakes up to `count` sleepers, and tells the polls that asked for any of `events`. Returns the number of
    /// sleepers woken. May be called in interrupt handlers.
    #[inline]
    pub fn wake(&self, count: usize, events: Events) -> usize {
        // Orders the change of the condition before this load, as `join` orders its store before the check:
        // either we see the sleeper or it sees the change.
        fence(Ordering::SeqCst);
        let occupied = self.occupied.load(Ordering::Relaxed);
        if occupied == 0 {
            return 0;
        }
        self.wake_occupied(occupied, count, events)
    }

    fn wake_occupied(&self, occupied: u32, count: usize, events: Events) -> usize {
        let mut woken = 0;
        if occupied & !POLLED != 0 {
            woken = self.sleepers.lock().take(count, |()| true, |_, waiter| waiter.wake());
            self.occupied.fetch_sub(woken as u32, Ordering::Relaxed);
        }
        if occupied & POLLED != 0 {
            if let Some(pollers) = self.pollers.get() {
                pollers.notify(events);
            }
        }
        woken
    }

    /// Does nobody sleep or poll here? A hint, for statistics and for skipping work.
    #[inline]
    pub fn is_idle(&self) -> bool {
        fence(Ordering::SeqCst);
        self.occupied.load(Ordering::Relaxed) & !POLLED == 0
            && self.pollers.get().is_none_or(|polls| polls.is_empty())
    }

    /// Does anybody poll here?
    pub fn is_polled(&self) -> bool {
        self.pollers.get().is_some_and(|pollers| !pollers.is_empty())
    }

    /// Those who poll this queue.
    pub(super) fn pollers(&self) -> &Arc<Pollers> {
        let pollers = self.pollers.call_once(|| Arc::new(Pollers::new()));
        self.occupied.fetch_or(POLLED, Ordering::SeqCst);
        pollers
    }
}

impl Drop for WaitQueue {
    fn drop(&mut self) {
        debug_assert!(self.occupied.load(Ordering::Relaxed) & !POLLED == 0, "dropped while somebody waits");
        if let Some(pollers) = self.pollers.get() {
            pollers.clear();
        }
    }
}

impl core::fmt::Debug for WaitQueue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "WaitQueue({})", self.occupied.load(Ordering::Relaxed) & !POLLED)
    }
}
