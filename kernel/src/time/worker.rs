//! Timers whose function runs in a kernel thread, where it may take any lock and allocate.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

use super::{Instant, Timer};
use crate::sched::Thread;
use crate::sync::{IrqLock, Mutex, Sleep, WaitQueue};
use crate::{Kind, Result};

/// What an expired timer hands to the worker.
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

static JOBS: IrqLock<Jobs> = IrqLock::new(Jobs { waiting: VecDeque::new(), existing: 0 });
static ARRIVED: WaitQueue = WaitQueue::new();

/// Starts the thread that runs expired [`ThreadTimer`]s.
pub fn start_worker() -> Result<()> {
    Thread::spawn_kernel("timers", Box::new(work)).map(drop)
}

fn work() {
    loop {
        let next = ARRIVED.wait(Sleep::Uninterruptible, None, || JOBS.lock().waiting.pop_front());
        let Ok(job) = next else { continue };
        job.queued.store(false, Ordering::Release);
        let live = job.live.lock();
        if *live {
            (job.function)();
        }
    }
}

/// Calls a function at a deadline, in a kernel thread.
pub struct ThreadTimer {
    timer: Timer,
    job: Arc<Job>,
}

impl ThreadTimer {
    /// A timer that is not armed. An expiry that comes while the function still has to run for the one before is
    /// not run for again.
    pub fn new(function: Box<dyn Fn() + Send + Sync>) -> Result<Self> {
        let job = Arc::new(Job { function, queued: AtomicBool::new(false), live: Mutex::new(true) });
        {
            let mut jobs = JOBS.lock();
            let wanted = jobs.existing + 1;
            jobs.waiting.try_reserve(wanted).map_err(|_| Kind::NoMemory)?;
            jobs.existing = wanted;
        }
        let expired = job.clone();
        let timer = Timer::new(Box::new(move || {
            if !expired.queued.swap(true, Ordering::AcqRel) {
                JOBS.lock().waiting.push_back(expired.clone());
                ARRIVED.wake_one();
            }
        }));
        match timer {
            Ok(timer) => Ok(Self { timer, job }),
            Err(error) => {
                JOBS.lock().existing -= 1;
                Err(error)
            }
        }
    }

    /// Arms it for `deadline`, and then every `interval` nanoseconds if that is not 0.
    pub fn arm(&self, deadline: Instant, interval: u64) {
        self.timer.arm(deadline, interval);
    }

    /// Disarms it; returns whether it was armed. The function may still run for an expiry before.
    pub fn cancel(&self) -> bool {
        self.timer.cancel()
    }

    /// The timer behind it.
    pub fn timer(&self) -> &Timer {
        &self.timer
    }

    /// Disarms it and waits until the function does not run any more; it never will again. Not to be called from
    /// the function itself.
    pub fn stop(&self) {
        self.timer.cancel();
        *self.job.live.lock() = false;
    }
}

impl Drop for ThreadTimer {
    fn drop(&mut self) {
        self.timer.cancel();
        JOBS.lock().existing -= 1;
    }
}
