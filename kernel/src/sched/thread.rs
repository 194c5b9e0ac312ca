//! [`Thread`]: what the scheduler switches between.

use alloc::sync::Arc;
use core::any::{Any, TypeId};
use core::cell::UnsafeCell;
use core::mem::offset_of;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};

use sched_policy::{Burst, Class, Entity, Node, Prediction, Usage};

use super::context::Context;
use super::fpu::Counters;
use super::{cpu, switch, SchedSettings};
use crate::arch::percpu::{ThreadCore, ATTENTION};
use crate::sync::{IrqLock, SpinLock};
use crate::time::{self, SleepTimer};
use crate::{Kind, Result};

mod birth;

pub use birth::NewUser;

/// Bytes of a thread's name, at most.
pub const NAME_LENGTH: usize = 15;

/// No CPU's number.
pub(super) const NO_CPU: u32 = u32::MAX;

/// What a thread is doing, as `/proc` shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum ThreadState {
    /// Runs or could run.
    Runnable = 0,
    /// Sleeps; a signal may wake it.
    Interruptible = 1,
    /// Sleeps; only what it waits for wakes it.
    Uninterruptible = 2,
    /// Has ended.
    Dead = 3,
    /// Not started yet.
    New = 4,
}

/// What a thread used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Times {
    /// Nanoseconds in user mode.
    pub user: u64,
    /// Nanoseconds in the kernel.
    pub system: u64,
    /// Page faults.
    pub faults: u64,
    /// Switches away because it slept.
    pub voluntary: u64,
    /// Switches away because its time was up.
    pub involuntary: u64,
}

/// The personality's part of a thread, with its type checked once.
struct Personal {
    object: Arc<dyn Any + Send + Sync>,
    data: *const (),
    type_id: TypeId,
}

/// A thread.
#[repr(C)]
pub struct Thread {
    /// What the entry stub reads.
    pub(super) core: ThreadCore,
    state: AtomicU32,
    /// The CPU in whose run queue the thread belongs.
    cpu: AtomicU32,
    /// The CPUs that it may run on, as bits.
    affinity: AtomicU64,
    /// The only CPU that it runs on because that keeps its deadline, or [`NO_CPU`].
    confined_to: AtomicU32,
    pub(super) stack_top: usize,
    pub(super) user: bool,
    /// Do its system calls go to the personality's `intercepted_call`?
    intercepted: AtomicBool,
    pub(super) context: UnsafeCell<Context>,
    /// The policy's part, which the lock of the thread's run queue guards.
    pub(super) node: Node<Runnable>,
    pub(super) sleep_timer: SleepTimer,
    /// Nanoseconds that the thread ran, up to its last switch.
    pub(super) ran: AtomicU64,
    /// Samples by the timer of where it ran.
    pub(super) user_samples: AtomicU32,
    pub(super) system_samples: AtomicU32,
    /// Switches away because it slept, and because it was preempted.
    pub(super) voluntary: AtomicU64,
    pub(super) involuntary: AtomicU64,
    faults: AtomicU64,
    pub(super) fpu: Counters,
    /// User and system time as told last: neither ever goes back.
    told: IrqLock<(u64, u64)>,
    /// Held while the address space is replaced or looked at by others.
    pub(super) space_change: SpinLock<()>,
    settings: IrqLock<SchedSettings>,
    personal: Option<Personal>,
    id: AtomicU32,
    started: AtomicBool,
    ending: AtomicBool,
    /// Nanoseconds since boot.
    birth: u64,
    name: IrqLock<([u8; NAME_LENGTH], u8)>,
    /// The `Arc` this thread is in, for [`Thread::to_arc`].
    this: AtomicPtr<Thread>,
}

const _: () = assert!(offset_of!(Thread, core) == 0);

// SAFETY: `context` is used by the thread itself and by the CPU that switches it, `node` under the run
// queue's lock; `personal`'s pointer is into an `Arc` of a Send + Sync type. The rest is Send and Sync.
unsafe impl Send for Thread {}
// SAFETY: as above.
unsafe impl Sync for Thread {}

/// A started thread as the run queue holds it. The scheduler keeps one count of the thread from its start to its
/// reaping, so the reference is good all that time.
#[derive(Clone, Copy)]
pub(super) struct Runnable(pub &'static Thread);

impl PartialEq for Runnable {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.0, other.0)
    }
}

impl Entity for Runnable {
    #[inline]
    fn node(&self) -> &Node<Self> {
        &self.0.node
    }
}

/// How a thread fares with the scheduler.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// What it had of its CPUs.
    pub usage: Usage,
    /// The expected length of its next burst, in nanoseconds.
    pub predicted: u64,
    /// What that makes it.
    pub class: Class,
    /// How good the predictions were.
    pub past: Prediction,
    /// Nanoseconds of its budget that are left, and until when, with a deadline.
    pub budget: (i64, u64),
}

impl Thread {
    /// The CPUs that it may run on, as bits; of those that are not there no account is taken.
    #[inline]
    pub fn affinity(&self) -> u64 {
        self.affinity.load(Ordering::Relaxed)
    }

    /// Confines the thread to these CPUs, of which one at least is online. The running thread is on one of them
    /// when this returns, any other one as soon as it leaves user mode or is switched to. [`Kind::Busy`] if a CPU
    /// among the others keeps the thread's deadline.
    pub fn set_affinity(&self, cpus: u64) -> Result<()> {
        let online = cpu::online_mask();
        if self.confined_to().is_some() && cpus & online != online {
            return Err(Kind::Busy.into());
        }
        self.affinity.store(cpus, Ordering::SeqCst);
        // SAFETY: `move_if_needed` keeps no reference that the scheduler does not keep alive itself: it only looks
        // at the thread, unless it finds it in a run queue.
        super::place::move_if_needed(unsafe { &*core::ptr::from_ref(self) });
        Ok(())
    }

    /// The CPU that keeps its deadline.
    pub(super) fn confined_to(&self) -> Option<usize> {
        let id = self.confined_to.load(Ordering::Relaxed);
        (id != NO_CPU).then_some(id as usize)
    }

    pub(super) fn confine(&self, cpu: Option<usize>) {
        self.confined_to.store(cpu.map_or(NO_CPU, |id| id as u32), Ordering::SeqCst);
    }

    /// The thread is about to end.
    pub(super) fn announce_end(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    /// May it run on this CPU?
    #[inline]
    pub(super) fn may_run_on(&self, cpu: u32) -> bool {
        self.allowed_cpus() & 1 << cpu != 0
    }

    /// The CPUs that it may run on, as bits, with what its deadline demands.
    #[inline]
    pub(super) fn allowed_cpus(&self) -> u64 {
        self.confined_to().map_or(self.affinity(), |id| 1 << id)
    }

    /// The thread belongs to another CPU from now on. Called with the lock of the queue that it belongs to, or of a
    /// runnable thread by whoever took it out of its queue.
    #[inline]
    pub(super) fn set_cpu(&self, cpu: u32) {
        self.cpu.store(cpu, Ordering::Release);
    }

    /// A counted reference.
    pub fn to_arc(&self) -> Arc<Self> {
        let this = self.this.load(Ordering::Relaxed);
        // SAFETY: every thread is in an `Arc` (see `assemble`), which `self` keeps alive.
        unsafe {
            Arc::increment_strong_count(this);
            Arc::from_raw(this)
        }
    }

    /// Its number, 0 for a kernel thread.
    #[inline]
    pub fn id(&self) -> u32 {
        self.id.load(Ordering::Relaxed)
    }

    /// Changes its number.
    pub fn set_id(&self, id: u32) {
        self.id.store(id, Ordering::Relaxed);
    }

    /// Its name.
    pub fn name(&self) -> ([u8; NAME_LENGTH], usize) {
        let name = self.name.lock();
        (name.0, usize::from(name.1))
    }

    /// Changes its name (cut to [`NAME_LENGTH`] bytes).
    pub fn set_name(&self, name: &[u8]) {
        let length = name.len().min(NAME_LENGTH);
        let mut bytes = [0; NAME_LENGTH];
        bytes[..length].copy_from_slice(&name[..length]);
        *self.name.lock() = (bytes, length as u8);
    }

    /// What it is doing.
    pub fn state(&self) -> ThreadState {
        match self.state.load(Ordering::Relaxed) {
            0 => ThreadState::Runnable,
            1 => ThreadState::Interruptible,
            2 => ThreadState::Uninterruptible,
            3 => ThreadState::Dead,
            _ => ThreadState::New,
        }
    }

    #[inline]
    pub(super) fn set_state(&self, state: ThreadState) {
        self.state.store(state as u32, Ordering::Relaxed);
    }

    /// Changes the state and orders that before all later loads.
    #[inline]
    pub(super) fn announce_state(&self, state: ThreadState) {
        self.state.swap(state as u32, Ordering::SeqCst);
    }

    #[inline]
    pub(super) fn is_asleep(&self) -> bool {
        matches!(self.state.load(Ordering::SeqCst), 1 | 2)
    }

    /// The CPU it runs on, or ran on last.
    #[inline]
    pub fn cpu(&self) -> u32 {
        self.cpu.load(Ordering::Acquire)
    }

    /// Does it run user programs?
    pub fn is_user(&self) -> bool {
        self.user
    }

    /// When it was made.
    pub fn birth(&self) -> time::Instant {
        time::Instant::from_nanos(self.birth)
    }

    /// What was asked for about its scheduling.
    pub fn settings(&self) -> SchedSettings {
        *self.settings.lock()
    }

    /// Schedules it in another way. [`Kind::Busy`] if no CPU can keep the deadline, [`Kind::NotPermitted`] if it may not
    /// run on all of them, without which it can't have one.
    pub fn set_settings(&self, settings: SchedSettings) -> Result<()> {
        // SAFETY: as for `set_affinity`.
        super::settings::change(unsafe { &*core::ptr::from_ref(self) }, settings)
    }

    pub(super) fn store_settings(&self, settings: SchedSettings) {
        *self.settings.lock() = settings;
    }

    /// How it fares with the scheduler.
    pub fn standing(&self) -> Standing {
        let (_, _queue) = switch::lock_queue_of(self);
        let burst: &Burst = self.node.burst();
        Standing {
            usage: self.node.usage(),
            predicted: burst.predicted(),
            class: self.node.class(),
            past: burst.past(),
            budget: self.node.budget(),
        }
    }

    /// Counts a page fault.
    #[inline]
    pub fn count_fault(&self) {
        // Only the thread itself counts, so a load and a store are enough.
        self.faults.store(self.faults.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// The personality's part, if it is a `P`.
    #[inline]
    pub fn personal<P: Any + Send + Sync>(&self) -> Option<&P> {
        let personal = self.personal.as_ref()?;
        // SAFETY: the data pointer is into `object`, which is a `P` by its type id.
        (personal.type_id == TypeId::of::<P>()).then(|| unsafe { &*personal.data.cast::<P>() })
    }

    /// The address of the personality's part, null for a kernel thread. For a personality that puts but one type
    /// there.
    #[inline]
    pub fn personal_data(&self) -> *const () {
        self.personal.as_ref().map_or(core::ptr::null(), |personal| personal.data)
    }

    /// A counted reference to the personality's part, if it is a `P`.
    pub fn personal_arc<P: Any + Send + Sync>(&self) -> Option<Arc<P>> {
        self.personal.as_ref().and_then(|personal| personal.object.clone().downcast().ok())
    }

    /// The value that fast calls of `slot` (from 1) return.
    pub fn set_fast_value(&self, slot: usize, value: u64) {
        self.core.fast_values[slot - 1].store(value, Ordering::Relaxed);
    }

    /// Has somebody requested attention that was not given yet?
    #[inline]
    pub fn attention_requested(&self) -> bool {
        self.core.work.load(Ordering::SeqCst) & ATTENTION != 0
    }

    /// Ends an interruptible sleep, and has the personality's `attention` called before user mode goes on.
    pub fn request_attention(&self) {
        self.core.work.fetch_or(ATTENTION, Ordering::SeqCst);
        if self.state.load(Ordering::SeqCst) == ThreadState::Interruptible as u32 {
            // SAFETY: `wake` keeps the reference only if the thread sleeps, which it checks with the queue locked.
            // A sleeping thread was started, and the scheduler's count keeps it alive until it has run again.
            switch::wake(unsafe { &*core::ptr::from_ref(self) });
        } else if cpu::are_many() {
            super::place::interrupt(self);
        }
    }

    /// From now on every system call of the thread goes to the personality's
    /// [`intercepted_call`](crate::user::Personality::intercepted_call). If it is not the current one, then after
    /// its next switch, or when it heeds the attention that this requests (see [`super::refresh_entry`]).
    pub fn intercept(&self) {
        self.intercepted.store(true, Ordering::Release);
        if core::ptr::eq(self, super::current()) {
            switch::refresh_entry();
        } else {
            self.request_attention();
        }
    }

    /// The calls of the thread, which is the current one, are nobody else's business any more.
    pub fn stop_intercepting(&self) {
        debug_assert!(core::ptr::eq(self, super::current()), "others may be in an intercepted call");
        self.intercepted.store(false, Ordering::Release);
        switch::refresh_entry();
    }

    #[inline]
    pub(super) fn is_intercepted(&self) -> bool {
        self.intercepted.load(Ordering::Acquire)
    }

    /// There is nothing (more) to attend to.
    #[inline]
    pub fn clear_attention(&self) {
        self.core.work.fetch_and(!ATTENTION, Ordering::SeqCst);
    }

    /// What it used up. CPU time is divided by the timer's samples; neither part ever goes back.
    pub fn times(&self) -> Times {
        let total = self.cpu_time_ns();
        let user = u64::from(self.user_samples.load(Ordering::Relaxed));
        let system = u64::from(self.system_samples.load(Ordering::Relaxed));
        let mut told = self.told.lock();
        let share = if system == 0 {
            0
        } else {
            (u128::from(total) * u128::from(system) / u128::from(user + system)) as u64
        };
        let total = total.max(told.0 + told.1);
        let system = share.clamp(told.1, total - told.0);
        *told = (total - system, system);
        Times {
            user: total - system,
            system,
            faults: self.faults.load(Ordering::Relaxed),
            voluntary: self.voluntary.load(Ordering::Relaxed),
            involuntary: self.involuntary.load(Ordering::Relaxed),
        }
    }

    /// CPU time used, in nanoseconds.
    pub fn cpu_time_ns(&self) -> u64 {
        self.ran.load(Ordering::Relaxed) + cpu::running_time(self)
    }

    /// The timer that ends its sleeps.
    #[inline]
    pub(crate) fn sleep_timer(&self) -> &SleepTimer {
        &self.sleep_timer
    }
}

impl core::fmt::Debug for Thread {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (name, length) = self.name();
        write!(f, "{}:{}", self.id(), alloc::string::String::from_utf8_lossy(&name[..length]))
    }
}
