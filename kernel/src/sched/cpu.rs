//! What the scheduler keeps for each CPU.

use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicU8, Ordering};

use sched_policy::{placement, Latency, RunQueue};

use super::fpu::{FpuUse, Unit};
use super::thread::{Runnable, Thread};
use crate::arch;
use crate::sync::{IrqLock, Rank};
use crate::time;

pub use crate::arch::MAX_CPUS;

/// What the run queue's lock guards. It is held across a switch: the thread that goes on gives it back.
pub(super) struct Queue {
    pub policy: RunQueue<Runnable>,
    pub current: Option<&'static Thread>,
    pub idle: Option<&'static Thread>,
    /// The user thread whose segment bases are in the CPU, or null. With several CPUs the thread may have run
    /// elsewhere since, and be gone: then this is only compared, see `Context::bases_on`.
    pub bases_of: *const Thread,
    /// Do system calls go to the personality's `intercepted_call`?
    pub intercepting: bool,
    /// Is there something in `rest`?
    pub unfinished: bool,
    pub rest: Rest,
}

/// What a switch leaves to be done with interrupts on.
#[derive(Default)]
pub(super) struct Rest {
    /// A thread that ended, to be reaped.
    pub dead: Option<&'static Thread>,
    /// A thread that goes on on another CPU, to be queued there.
    pub leaving: Option<&'static Thread>,
    /// When the policy wants to be asked again.
    pub alarm: Option<u64>,
}

// SAFETY: what the pointer points to is only used where that is said to be safe.
unsafe impl Send for Queue {}

/// One CPU.
#[repr(align(64))]
pub(super) struct Cpu {
    pub queue: IrqLock<Queue>,
    /// Threads in the queue, for looking without the lock.
    pub queued: AtomicU32,
    /// When the current thread's time was last booked, in nanoseconds since boot.
    pub stamp: AtomicU64,
    /// When the current thread's time slice began.
    pub slice: AtomicU64,
    /// The rank of the current thread, once there are several CPUs.
    pub rank: AtomicU8,
    /// Since when another CPU has more to do, or 0.
    pub uneven_since: AtomicU64,
    pub current: AtomicPtr<Thread>,
    pub fpu: Unit,
    pub is_idle: AtomicBool,
    pub switches: AtomicU64,
    /// Nanoseconds.
    pub idle_time: AtomicU64,
    /// Threads taken over from other CPUs.
    pub stolen: AtomicU64,
    pub yields: AtomicU64,
    pub user_samples: AtomicU64,
    pub system_samples: AtomicU64,
}

impl Cpu {
    const fn new() -> Self {
        let queue = Queue {
            policy: RunQueue::new(),
            current: None,
            idle: None,
            bases_of: core::ptr::null(),
            intercepting: false,
            unfinished: false,
            rest: Rest { dead: None, leaving: None, alarm: None },
        };
        Self {
            queue: IrqLock::with_rank(Rank::RunQueue, queue),
            queued: AtomicU32::new(0),
            stamp: AtomicU64::new(0),
            slice: AtomicU64::new(0),
            rank: AtomicU8::new(0),
            uneven_since: AtomicU64::new(0),
            current: AtomicPtr::new(core::ptr::null_mut()),
            fpu: Unit::new(),
            is_idle: AtomicBool::new(false),
            switches: AtomicU64::new(0),
            idle_time: AtomicU64::new(0),
            stolen: AtomicU64::new(0),
            yields: AtomicU64::new(0),
            user_samples: AtomicU64::new(0),
            system_samples: AtomicU64::new(0),
        }
    }
}

static CPUS: [Cpu; MAX_CPUS] = [const { Cpu::new() }; MAX_CPUS];
static ONLINE: AtomicU32 = AtomicU32::new(0);
/// See [`needs_more`].
static NEEDS_MORE: AtomicBool = AtomicBool::new(false);
static IDLE: AtomicU64 = AtomicU64::new(0);
static THREADS: AtomicU32 = AtomicU32::new(0);
static THREADS_EVER: AtomicU64 = AtomicU64::new(0);

/// The running CPU.
#[inline]
pub(super) fn this() -> &'static Cpu {
    // The index is below MAX_CPUS: no CPU with a higher number is started.
    &CPUS[arch::cpu_id() as usize]
}

/// The CPU with this number.
#[inline]
pub(super) fn number(id: u32) -> &'static Cpu {
    &CPUS[id as usize]
}

pub(super) fn online() -> usize {
    ONLINE.load(Ordering::Relaxed) as usize
}

/// This CPU takes part from now on.
pub(super) fn add_online() {
    this().rank.store(placement::NOTHING, Ordering::Relaxed);
    if online() > 0 {
        need_more();
    }
    ONLINE.fetch_add(1, Ordering::Release);
}

/// Do several CPUs run threads?
#[inline]
pub(super) fn are_many() -> bool {
    ONLINE.load(Ordering::Relaxed) > 1
}

/// Is there more to do than one CPU does that keeps no record: do several run threads, or is there a recording? It
/// is one question, so that the usual case is asked only once.
#[inline]
pub(super) fn needs_more() -> bool {
    NEEDS_MORE.load(Ordering::Relaxed)
}

/// From now on there is.
pub(super) fn need_more() {
    NEEDS_MORE.store(true, Ordering::Relaxed);
}

/// The CPUs that run threads, as bits.
pub(super) fn online_mask() -> u64 {
    u64::MAX >> (64 - online().clamp(1, 64))
}

/// The CPUs that halt or are about to, as bits.
pub(super) fn idle_mask() -> u64 {
    IDLE.load(Ordering::SeqCst)
}

/// CPU `id` is about to halt.
pub(super) fn mark_idle(id: u32) {
    IDLE.fetch_or(1 << id, Ordering::SeqCst);
}

/// CPU `id` is given something to do; false if it had that already.
pub(super) fn mark_busy(id: u32) -> bool {
    IDLE.load(Ordering::Relaxed) & 1 << id != 0 && IDLE.fetch_and(!(1 << id), Ordering::SeqCst) & 1 << id != 0
}

pub(super) fn all() -> impl Iterator<Item = &'static Cpu> {
    CPUS.iter().take(online())
}

pub(super) fn add_thread() {
    THREADS.fetch_add(1, Ordering::Relaxed);
    THREADS_EVER.fetch_add(1, Ordering::Relaxed);
}

pub(super) fn remove_thread() {
    THREADS.fetch_sub(1, Ordering::Relaxed);
}

/// Started threads that were not reaped, and all that were ever started.
pub fn thread_counts() -> (u32, u64) {
    (THREADS.load(Ordering::Relaxed), THREADS_EVER.load(Ordering::Relaxed))
}

/// Nanoseconds that `thread` has been running since its time was last booked: 0 if it does not run now.
pub(super) fn running_time(thread: &Thread) -> u64 {
    let cpu = number(thread.cpu());
    let stamp = cpu.stamp.load(Ordering::Acquire);
    if !core::ptr::eq(cpu.current.load(Ordering::Relaxed), thread) {
        return 0;
    }
    time::now().as_nanos().saturating_sub(stamp)
}

/// A CPU's counters since boot.
#[derive(Clone, Copy, Default, Debug)]
pub struct CpuStats {
    /// Nanoseconds in user mode.
    pub user: u64,
    /// Nanoseconds in the kernel.
    pub system: u64,
    /// Nanoseconds halted.
    pub idle: u64,
    /// Switches between threads.
    pub switches: u64,
    /// Calls of [`super::yield_now`] that others waited for.
    pub yields: u64,
    /// Threads taken over from other CPUs.
    pub stolen: u64,
    /// How long threads of real time waited when they were woken.
    pub latency: Latency,
    /// Nanoseconds that threads ran here.
    pub ran: u64,
    /// Nanoseconds that threads waited in the queue here, all together.
    pub waited: u64,
    /// How often a thread got the CPU.
    pub turns: u64,
    /// How often floating point registers were moved here.
    pub fpu: FpuUse,
}

/// The counters of CPU `id`, if it runs.
pub fn cpu_stats(id: usize) -> Option<CpuStats> {
    let cpu = all().nth(id)?;
    let mut idle = cpu.idle_time.load(Ordering::Relaxed);
    if cpu.is_idle.load(Ordering::Relaxed) {
        idle += time::now().as_nanos().saturating_sub(cpu.stamp.load(Ordering::Relaxed));
    }
    let (latency, (waited, turns)) = {
        let queue = cpu.queue.lock();
        (*queue.policy.latency(), queue.policy.waits())
    };
    let busy = time::now().as_nanos().saturating_sub(idle);
    let user = cpu.user_samples.load(Ordering::Relaxed);
    let system = cpu.system_samples.load(Ordering::Relaxed);
    let all = u128::from(user + system).max(1);
    let user = (u128::from(busy) * u128::from(user) / all) as u64;
    Some(CpuStats {
        user,
        system: busy - user,
        idle,
        switches: cpu.switches.load(Ordering::Relaxed),
        yields: cpu.yields.load(Ordering::Relaxed),
        stolen: cpu.stolen.load(Ordering::Relaxed),
        latency,
        ran: busy,
        waited,
        turns,
        fpu: cpu.fpu.counts.get(),
    })
}
