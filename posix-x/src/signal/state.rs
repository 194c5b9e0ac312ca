//! The signal state of a process ([`ProcessSignals`]) and of each of its threads ([`TaskSignals`]).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering::Relaxed};

use exo_kernel::sync::{IrqLock, WaitQueue};
use posix_x_abi::types::StackT;

use super::pending::Pending;
use super::{Handlers, SigSet};
use crate::process::owned::Owned;
use crate::process::Task;
use crate::SysResult;

/// What all threads of a process share.
pub struct ProcessSignals {
    pub(super) inner: IrqLock<Group>,
    /// The set pending for the process, to look at without the lock.
    pub(super) pending: AtomicU64,
    handlers: IrqLock<Arc<Handlers>>,
    /// Threads that are stopped wait here.
    pub(super) resume: WaitQueue,
    /// Woken whenever a signal arrives: for `sigtimedwait` and signalfds.
    pub arrived: WaitQueue,
    /// Woken when a thread has ended: exec waits for the others.
    pub(crate) thread_ended: WaitQueue,
    /// The process is ending with this status, or −1.
    exit_status: AtomicI32,
    /// The process is one that signals without a handler do not touch: init.
    pub(super) unkillable: bool,
    /// A stop signal was taken, and neither SIGCONT nor SIGKILL sent since.
    pub(super) stop_taken: AtomicBool,
}

/// What only changes with the lock held.
#[derive(Default)]
pub(super) struct Group {
    /// Signals pending for whichever thread takes them.
    pub shared: Pending,
    /// The threads, the oldest first.
    pub threads: Vec<Arc<Task>>,
    /// The process is to be stopped, by this signal.
    pub stop: Option<i32>,
    /// Threads that are stopped.
    pub stopped: usize,
    /// Was continued, and the parent is still to be told.
    pub continued: bool,
    /// The thread that wants all others to end (exec).
    pub sole: Option<crate::Pid>,
}

impl ProcessSignals {
    /// No thread, nothing pending.
    pub fn new(handlers: Arc<Handlers>, unkillable: bool) -> Self {
        Self {
            inner: IrqLock::new(Group::default()),
            pending: AtomicU64::new(0),
            handlers: IrqLock::new(handlers),
            resume: WaitQueue::new(),
            arrived: WaitQueue::new(),
            thread_ended: WaitQueue::new(),
            exit_status: AtomicI32::new(-1),
            unkillable,
            stop_taken: AtomicBool::new(false),
        }
    }

    /// Is it init, which signals without a handler do not touch?
    pub fn unkillable(&self) -> bool {
        self.unkillable
    }

    /// The signals pending for the process as a whole.
    #[inline]
    pub fn pending(&self) -> SigSet {
        SigSet(self.pending.load(Relaxed))
    }

    /// What the process does with each signal.
    #[inline]
    pub fn handlers(&self) -> Arc<Handlers> {
        self.handlers.lock().clone()
    }
    /// Looks at the handlers.
    #[inline]
    pub fn with_handlers<R>(&self, look: impl FnOnce(&Handlers) -> R) -> R {
        look(&self.handlers.lock())
    }
    /// Other handlers from here on (exec, unsharing).
    pub(crate) fn set_handlers(&self, handlers: Arc<Handlers>) {
        let old = core::mem::replace(&mut *self.handlers.lock(), handlers);
        drop(old);
    }

    /// Calls `visit` with every thread.
    pub fn for_each_task(&self, mut visit: impl FnMut(&Arc<Task>)) {
        self.inner.lock().threads.iter().for_each(&mut visit);
    }
    /// Shows all threads, and keeps others from coming or going meanwhile.
    pub fn with_threads<R>(&self, look: impl FnOnce(&[Arc<Task>]) -> R) -> R {
        look(&self.inner.lock().threads)
    }
    /// The oldest thread.
    pub fn first_task(&self) -> Option<Arc<Task>> {
        self.inner.lock().threads.first().cloned()
    }
    /// How many threads there are.
    pub fn thread_count(&self) -> usize {
        self.inner.lock().threads.len()
    }
    /// Is the process stopped?
    #[inline]
    pub fn is_stopped(&self) -> bool {
        let inner = self.inner.lock();
        inner.stop.is_some() && inner.stopped > 0
    }

    /// Adds a thread. `false` if the process is ending, or there is no memory.
    pub(crate) fn add_thread(&self, task: Arc<Task>) -> bool {
        let mut inner = self.inner.lock();
        if self.ending().is_some() || inner.sole.is_some() || inner.threads.try_reserve(1).is_err() {
            return false;
        }
        inner.threads.push(task);
        true
    }

    /// Removes a thread; how many are left, and does this complete a stop?
    pub(crate) fn remove_thread(&self, task: &Task) -> (usize, Option<i32>) {
        let mut inner = self.inner.lock();
        let index = inner.threads.iter().position(|other| core::ptr::eq(&**other, task));
        let removed = index.map(|index| inner.threads.remove(index));
        let left = inner.threads.len();
        let completes = inner.stop.filter(|_| left > 0 && inner.stopped == left);
        drop(inner);
        drop(removed);
        self.thread_ended.wake_all();
        (left, completes)
    }

    /// The status with which the process is ending, if it is.
    #[inline]
    pub fn ending(&self) -> Option<i32> {
        let status = self.exit_status.load(Relaxed);
        (status >= 0).then_some(status)
    }

    /// Makes all threads end, with this status unless one was set before. Returns the status that holds.
    pub(crate) fn end_all(&self, status: i32) -> i32 {
        let inner = self.inner.lock();
        if let Some(status) = self.ending() {
            return status;
        }
        self.exit_status.store(status, Relaxed);
        for task in &inner.threads {
            task.request_attention();
        }
        drop(inner);
        self.resume.wake_all();
        status
    }

    /// Makes all threads but `survivor` end. `false` if the process is ending or another thread does the same.
    pub(crate) fn end_others(&self, survivor: &Task) -> bool {
        let mut inner = self.inner.lock();
        if self.ending().is_some() || inner.sole.is_some() {
            return false;
        }
        if inner.threads.len() > 1 {
            inner.sole = Some(survivor.tid());
            for task in inner.threads.iter().filter(|task| !core::ptr::eq(&***task, survivor)) {
                task.request_attention();
            }
        }
        drop(inner);
        self.resume.wake_all();
        true
    }

    /// The others have ended (or the survivor gave up).
    pub(crate) fn others_ended(&self) {
        self.inner.lock().sole = None;
    }

    /// Is a SIGKILL on its way?
    pub(crate) fn is_being_killed(&self) -> bool {
        self.pending().has(super::SIGKILL)
    }

    /// Must `task` end because another thread wants to be the only one?
    #[inline]
    pub(super) fn must_end(&self, task: &Task) -> bool {
        self.ending().is_some() || self.inner.lock().sole.is_some_and(|tid| tid != task.tid())
    }
}

/// How `restart_syscall` continues a call that must not simply be repeated.
#[derive(Clone, Copy)]
pub struct Restart {
    /// Continues the call.
    pub call: fn(&Task, [u64; 6]) -> SysResult,
    /// With these.
    pub arguments: [u64; 6],
}

/// The alternate signal stack.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct AltStack {
    /// Lowest address.
    pub base: usize,
    /// Size; 0 if there is none.
    pub size: usize,
    /// `SS_AUTODISARM`: forgotten while a handler runs.
    pub auto_disarm: bool,
}

/// `SS_ONSTACK`
pub const SS_ONSTACK: i32 = 1;
/// `SS_DISABLE`
pub const SS_DISABLE: i32 = 2;
/// `SS_AUTODISARM`
pub const SS_AUTODISARM: i32 = i32::MIN;

impl AltStack {
    /// Is `sp` on it? Never, if it is forgotten while handlers run.
    pub fn contains(&self, sp: usize) -> bool {
        !self.auto_disarm && sp > self.base && sp - self.base <= self.size
    }
    /// As user space sees it from `sp`.
    pub fn to_user(self, sp: usize) -> StackT {
        let mode = match (self.size, self.contains(sp)) {
            (0, _) => SS_DISABLE,
            (_, true) => SS_ONSTACK,
            (_, false) => 0,
        };
        let auto = if self.auto_disarm { SS_AUTODISARM } else { 0 };
        StackT { sp: self.base as u64, flags: mode | auto, pad: 0, size: self.size as u64 }
    }
}

/// Details of the last exception, for the signal frame.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct LastFault {
    pub vector: u64,
    pub error: u64,
    pub address: u64,
}

/// The signal state of a thread.
pub struct TaskSignals {
    /// Blocked signals. Written by the thread alone.
    mask: AtomicU64,
    /// The mask to return to after this call (sigsuspend, ppoll …), if `has_saved_mask`.
    saved_mask: AtomicU64,
    has_saved_mask: AtomicBool,
    /// Signals the thread waits for in `sigtimedwait`, though it blocks them.
    pub(super) awaited: AtomicU64,
    pub(super) queue: IrqLock<Pending>,
    /// The set pending for the thread, to look at without the lock.
    pub(super) pending: AtomicU64,
    alt_stack: Owned<AltStack>,
    /// How to continue an interrupted call.
    restart: Owned<Option<Restart>>,
    pub(super) last_fault: Owned<LastFault>,
    /// This thread ends (its own `exit`, or its process's).
    pub(crate) exiting: AtomicBool,
}

impl TaskSignals {
    /// Nothing pending.
    pub fn new(mask: SigSet, alt_stack: AltStack) -> Self {
        Self {
            mask: AtomicU64::new(mask.0),
            saved_mask: AtomicU64::new(0),
            has_saved_mask: AtomicBool::new(false),
            awaited: AtomicU64::new(0),
            queue: IrqLock::new(Pending::default()),
            pending: AtomicU64::new(0),
            alt_stack: Owned::new(alt_stack),
            restart: Owned::new(None),
            last_fault: Owned::new(LastFault::default()),
            exiting: AtomicBool::new(false),
        }
    }

    /// The blocked signals.
    #[inline]
    pub fn mask(&self) -> SigSet {
        SigSet(self.mask.load(Relaxed))
    }
    /// The signals pending for this thread alone.
    #[inline]
    pub fn pending(&self) -> SigSet {
        SigSet(self.pending.load(Relaxed))
    }
    /// Stores the mask; [`super::wait::set_mask`] also looks what that lets through.
    pub(super) fn store_mask(&self, mask: SigSet) {
        self.mask.store(mask.without(SigSet::UNBLOCKABLE).0, Relaxed);
    }

    /// Remembers a mask to return to.
    pub(super) fn save_mask(&self, mask: SigSet) {
        self.saved_mask.store(mask.0, Relaxed);
        self.has_saved_mask.store(true, Relaxed);
    }
    /// Takes the mask to return to.
    pub(super) fn take_saved_mask(&self) -> Option<SigSet> {
        if !self.has_saved_mask.load(Relaxed) {
            return None;
        }
        self.has_saved_mask.store(false, Relaxed);
        Some(SigSet(self.saved_mask.load(Relaxed)))
    }

    /// The alternate stack.
    pub fn alt_stack(&self) -> AltStack {
        self.alt_stack.snapshot()
    }
    pub(crate) fn set_alt_stack(&self, stack: AltStack) {
        // SAFETY: called by the thread itself; no reference is ever made by `get`.
        unsafe { self.alt_stack.replace(stack) };
    }
    /// Remembers the exception that the next signal is about.
    pub(crate) fn note_fault(&self, vector: u64, error: u64, address: u64) {
        // SAFETY: called by the thread itself; no reference is ever made by `get`.
        unsafe { self.last_fault.replace(LastFault { vector, error, address }) };
    }

    /// Says how `restart_syscall` continues the call that is about to fail with ERESTARTBLOCK.
    pub fn set_restart(&self, restart: Restart) {
        // SAFETY: called by the thread itself; no reference is ever made by `get`.
        unsafe { self.restart.replace(Some(restart)) };
    }
    pub(super) fn take_restart(&self) -> Option<Restart> {
        // SAFETY: called by the thread itself; no reference is ever made by `get`.
        unsafe { self.restart.replace(None) }
    }
}
