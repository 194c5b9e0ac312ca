//! Functions that run in a kernel thread, where they may take any lock and allocate: soon, or when a timer expires.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

use super::{Instant, Timer};
use crate::sched::{self, Thread};
use crate::sync::{IrqLock, Mutex, Sleep, WaitQueue};
use crate::{room, Kind, Result};

/// What the worker is handed.
struct Job {
    function: Box<dyn Fn() + Send + Sync>,
    /// Stands in the list already.
    queued: AtomicBool,
    /// Held while the function runs; tells whether it may still.
    live: Mutex<bool>,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Arc<Job>>,
    /// Jobs that exist: each stands in the list at most once, so this is the room that it needs.
    existing: usize,
}

impl Jobs {
    /// One job less exists.
    fn leave() {
        let mut jobs = JOBS.lock();
        jobs.existing -= 1;
        jobs.fit();
    }

    /// The next job to run; possibly one that does not exist for anybody else any more.
    fn next() -> Option<Arc<Job>> {
        let mut jobs = JOBS.lock();
        let job = jobs.waiting.pop_front()?;
        jobs.fit();
        Some(job)
    }

    fn fit(&mut self) {
        room::shrink_queue(&mut self.waiting, self.existing);
    }
}

static JOBS: IrqLock<Jobs> = IrqLock::new(Jobs { waiting: VecDeque::new(), existing: 0 });
static ARRIVED: WaitQueue = WaitQueue::new();

/// Starts the thread that runs [`Deferred`]s and expired [`ThreadTimer`]s.
pub fn start_worker() -> Result<()> {
    Thread::spawn_kernel("timers", Box::new(work)).map(drop)
}

fn work() {
    loop {
        let next = ARRIVED.wait(Sleep::Uninterruptible, None, Jobs::next);
        let Ok(job) = next else { continue };
        job.queued.store(false, Ordering::Release);
        let live = job.live.lock();
        if *live {
            (job.function)();
        }
        drop(live);
        sched::maybe_yield();
    }
}

impl Job {
    fn run_soon(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            JOBS.lock().waiting.push_back(self.clone());
            ARRIVED.wake_one();
        }
    }
}

/// A function that runs in a kernel thread soon after somebody, an interrupt handler perhaps, asked for it.
pub struct Deferred(Arc<Job>);

impl Deferred {
    /// Nobody has asked yet. A request that comes while the function still has to run for the one before is not
    /// run for again.
    pub fn new(function: Box<dyn Fn() + Send + Sync>) -> Result<Self> {
        let mut jobs = JOBS.lock();
        let wanted = jobs.existing + 1;
        jobs.waiting.try_reserve(wanted).map_err(|_| Kind::NoMemory)?;
        jobs.existing = wanted;
        drop(jobs);
        Ok(Self(Arc::new(Job { function, queued: AtomicBool::new(false), live: Mutex::new(true) })))
    }

    /// Has the function run soon.
    pub fn run_soon(&self) {
        self.0.run_soon();
    }

    /// Waits until the function does not run any more; it never will again. Not to be called from the function
    /// itself.
    pub fn stop(&self) {
        *self.0.live.lock() = false;
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        Jobs::leave();
    }
}

/// Calls a function at a deadline, in a kernel thread.
pub struct ThreadTimer {
    timer: Timer,
    deferred: Deferred,
}

impl ThreadTimer {
    /// A timer that is not armed. An expiry that comes while the function still has to run for the one before is
    /// not run for again.
    pub fn new(function: Box<dyn Fn() + Send + Sync>) -> Result<Self> {
        let deferred = Deferred::new(function)?;
        let job = deferred.0.clone();
        let timer = Timer::new(Box::new(move || job.run_soon()))?;
        Ok(Self { timer, deferred })
    }

    /// Arms it for `deadline`, instead of what it was armed for before.
    pub fn arm(&self, deadline: Instant) {
        self.timer.arm(deadline);
    }

    /// Disarms it; returns whether it was armed. The function may still run for an expiry before.
    pub fn cancel(&self) -> bool {
        self.timer.cancel()
    }

    /// Disarms it and waits until the function does not run any more; it never will again. Not to be called from
    /// the function itself.
    pub fn stop(&self) {
        self.timer.cancel();
        self.deferred.stop();
    }
}

impl Drop for ThreadTimer {
    fn drop(&mut self) {
        self.timer.cancel();
    }
}
