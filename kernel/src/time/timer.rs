//! Armed timers, and the hardware's one-shot timer behind them.
//!
//! Each CPU has a queue of deadlines. The hardware is armed for the first of them or for the scheduler's tick,
//! whichever comes first; while the CPU is idle there is no tick. A timer's function runs in the interrupt, with
//! the queue unlocked; waking a sleeper happens with the queue locked, so that whoever disarms its sleep timer
//! knows that nobody is about to touch the thread any more.

use alloc::boxed::Box;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use timer_queue::{Key, Room, TimerQueue};

use super::{now, Instant};
use crate::arch;
use crate::sched::{self, Thread, MAX_CPUS};
use crate::sync::{IrqLock, Mutex, Rank};
use crate::{Kind, Result};

/// Nanoseconds between the scheduler's ticks.
const TICK: u64 = 10_000_000;
/// No interrupt is wanted.
const NEVER: u64 = u64::MAX;

/// What happens at a deadline.
enum Due {
    Wake(&'static Thread),
    Call(*const Body),
}

// SAFETY: the body is `Sync`, and its timer takes the entry out of the queue before it goes away.
unsafe impl Send for Due {}

/// The timers of one CPU.
struct Timers {
    queue: TimerQueue<Due>,
    /// When the tick comes, or [`NEVER`].
    tick: u64,
    /// What the hardware is armed for.
    armed: u64,
}

#[repr(align(64))]
struct CpuTimers {
    timers: IrqLock<Timers>,
    /// The body whose function is running, or null.
    running: AtomicPtr<Body>,
}

static CPUS: [CpuTimers; MAX_CPUS] = [const {
    CpuTimers {
        timers: IrqLock::with_rank(
            Rank::Timers,
            Timers { queue: TimerQueue::new(), tick: NEVER, armed: NEVER },
        ),
        running: AtomicPtr::new(ptr::null_mut()),
    }
}; MAX_CPUS];

/// CPUs that have a queue with room.
static PREPARED: AtomicUsize = AtomicUsize::new(1);
/// Timers that exist. Each queue has room for all of them.
static EXISTING: AtomicUsize = AtomicUsize::new(0);
/// Room that is never given back.
const LEAST_ROOM: usize = 32;
/// Room that each queue has at least.
static ROOM: Mutex<usize> = Mutex::new(0);

impl CpuTimers {
    fn make_room(&self, total: usize) -> Result<()> {
        // Memory is allocated and freed with the queue unlocked.
        let room = Room::new(total).map_err(|_| Kind::NoMemory)?;
        let old = self.timers.lock().queue.move_into(room);
        drop(old);
        Ok(())
    }
}

/// Makes the queue of CPU `id`, the next one that is to run threads.
pub(crate) fn prepare_cpu(id: usize) -> Result<()> {
    let room = ROOM.lock();
    CPUS[id].make_room(*room)?;
    PREPARED.store(id + 1, Ordering::Relaxed);
    Ok(())
}

/// A place in every queue, for as long as it lives.
struct Place;

impl Place {
    fn reserve() -> Result<Self> {
        let wanted = EXISTING.fetch_add(1, Ordering::Relaxed) + 1;
        let place = Self;
        let mut room = ROOM.lock();
        if wanted > *room {
            let more = wanted.max(LEAST_ROOM).next_power_of_two();
            for cpu in &CPUS[..PREPARED.load(Ordering::Relaxed)] {
                cpu.make_room(more)?;
            }
            *room = more;
        }
        Ok(place)
    }
}

/// Moves the queues into memory that fits, which gives back the room that many timers needed at some time.
pub(crate) fn shrink_room() {
    let mut room = ROOM.lock();
    let enough = EXISTING.load(Ordering::Relaxed).max(LEAST_ROOM).next_power_of_two();
    if enough > *room {
        return;
    }
    for cpu in &CPUS[..PREPARED.load(Ordering::Relaxed)] {
        // A queue that cannot move now, for want of memory too, keeps more room than the others.
        let _ = cpu.make_room(enough);
    }
    *room = enough;
}

impl Drop for Place {
    fn drop(&mut self) {
        EXISTING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where a timer is armed.
struct Armed {
    cpu: u32,
    key: Key,
}

impl Timers {
    /// Arms the hardware for what comes first.
    fn program(&mut self) {
        let first = self.queue.next_deadline().unwrap_or(NEVER).min(self.tick);
        if first == self.armed || first == NEVER {
            return;
        }
        self.armed = first;
        arch::timer::arm(first.saturating_sub(now().as_nanos()));
    }

    fn insert(&mut self, deadline: Instant, due: Due) -> Key {
        let key = self.queue.insert(deadline.as_nanos(), due);
        if deadline.as_nanos() < self.armed {
            self.program();
        }
        key
    }
}

fn this() -> &'static CpuTimers {
    &CPUS[arch::cpu_id() as usize]
}

/// The scheduler leaves the idle thread: ticks are wanted.
pub(crate) fn start_tick() {
    tick_at(now().as_nanos() + TICK);
}

/// The scheduler wants to be asked at this time, if not before.
pub(crate) fn tick_at(at: u64) {
    let mut timers = this().timers.lock();
    if at < timers.tick {
        timers.tick = at;
        timers.program();
    }
}

/// What the timer's interrupt handler calls (interrupts off); `user_mode` says what it interrupted.
pub fn on_timer_interrupt(user_mode: bool) {
    let cpu = this();
    let mut timers = cpu.timers.lock();
    timers.armed = NEVER;
    let time = now().as_nanos();
    let ticked = timers.tick <= time;
    if ticked {
        timers.tick = NEVER;
    }
    while let Some((_, due)) = timers.queue.pop_due(time) {
        match due {
            Due::Wake(thread) => {
                sched::wake(thread);
            }
            Due::Call(body) => {
                cpu.running.store(body.cast_mut(), Ordering::Relaxed);
                drop(timers);
                // SAFETY: the timer's owner waits for `running` to change before the body goes away.
                unsafe { ((*body).callback)() };
                timers = cpu.timers.lock();
                cpu.running.store(ptr::null_mut(), Ordering::Release);
            }
        }
    }
    drop(timers);
    let again = if ticked { sched::on_tick(user_mode, time, time + TICK) } else { None };
    let mut timers = cpu.timers.lock();
    if let Some(again) = again {
        timers.tick = timers.tick.min(again);
    }
    timers.program();
}

/// A thread's own timer, armed while it sleeps until a deadline.
pub(crate) struct SleepTimer {
    _place: Place,
    armed: IrqLock<Option<Armed>>,
}

impl SleepTimer {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { _place: Place::reserve()?, armed: IrqLock::with_rank(Rank::Object, None) })
    }
}

/// Wakes the current thread at `deadline`, unless disarmed before.
pub(crate) fn arm_sleep(thread: &'static Thread, deadline: Instant) {
    let mut armed = thread.sleep_timer().armed.lock();
    let key = this().timers.lock().insert(deadline, Due::Wake(thread));
    *armed = Some(Armed { cpu: arch::cpu_id(), key });
}

/// Disarms the current thread's sleep timer.
pub(crate) fn disarm_sleep(thread: &'static Thread) {
    let armed = thread.sleep_timer().armed.lock().take();
    if let Some(Armed { cpu, key }) = armed {
        CPUS[cpu as usize].timers.lock().queue.cancel(key);
    }
}

/// What a [`Timer`] calls.
type Callback = Box<dyn Fn() + Send + Sync>;

struct Body {
    callback: Callback,
    /// Where it stands in a queue, or stood last: a key of an entry that is gone does no harm.
    armed: IrqLock<Option<Armed>>,
}

impl Body {
    fn cancel_locked(armed: &mut Option<Armed>) -> bool {
        let Some(Armed { cpu, key }) = armed.take() else { return false };
        CPUS[cpu as usize].timers.lock().queue.cancel(key).is_some()
    }
}

/// Calls a function at a deadline, in the interrupt handler: it may set flags, take [`IrqLock`]s and wake
/// queues. What needs a thread uses [`super::ThreadTimer`]. Not to be dropped from inside the function.
///
/// There are no periodic timers here: a program may ask for any period, and interrupts that come faster than they
/// are handled would stop the machine. Whoever counts periods computes them when somebody wants to know, and arms
/// again when it was told.
pub struct Timer {
    body: Box<Body>,
    _place: Place,
}

impl Timer {
    /// A timer that is not armed.
    pub fn new(callback: Callback) -> Result<Self> {
        let place = Place::reserve()?;
        let body = Body { callback, armed: IrqLock::with_rank(Rank::Object, None) };
        Ok(Self { body: Box::new(body), _place: place })
    }

    /// Arms it for `deadline`, instead of what it was armed for before.
    pub fn arm(&self, deadline: Instant) {
        let mut armed = self.body.armed.lock();
        Body::cancel_locked(&mut armed);
        let key = this().timers.lock().insert(deadline, Due::Call(&*self.body));
        *armed = Some(Armed { cpu: arch::cpu_id(), key });
    }

    /// Disarms it; returns whether it was armed. The function may still be running on another CPU.
    pub fn cancel(&self) -> bool {
        Body::cancel_locked(&mut self.body.armed.lock())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let body = ptr::from_ref(&*self.body).cast_mut();
        loop {
            self.cancel();
            let mut ran = false;
            for cpu in &CPUS[..PREPARED.load(Ordering::Relaxed)] {
                while cpu.running.load(Ordering::Acquire) == body {
                    ran = true;
                    core::hint::spin_loop();
                }
            }
            // A function that was just running may have armed it again.
            if !ran {
                break;
            }
        }
    }
}
