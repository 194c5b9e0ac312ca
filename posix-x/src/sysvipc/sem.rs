//! Semaphore sets.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use exo_kernel::room;
use exo_kernel::sync::{Sleep, SpinLock, WaitQueue};
use exo_kernel::time::Instant;
use exo_kernel::Kind;
use posix_x_abi::types::{IpcPerm, Sembuf, SemidDs};

use super::limits::Share;
use super::{filled, now, Object, Permissions, UndoList, IPC_NOWAIT};
use crate::process::current_or_none;
use crate::security::Credentials;
use crate::{Errno, Pid};

/// The highest value of a semaphore, and of what is to be undone.
pub const VALUE_MAX: i32 = 32_767;
/// `SEM_UNDO`: is undone when the process ends.
const SEM_UNDO: u32 = 0x1000;
/// Reading and altering, as permission bits.
pub(super) const READ: u32 = 0o444;
pub(super) const ALTER: u32 = 0o222;

#[derive(Clone, Copy, Default)]
struct Semaphore {
    value: i32,
    /// Who changed it last.
    pid: Pid,
}

/// What is to be added to the semaphores when an [`UndoList`] ends.
struct Undo {
    owner: usize,
    adjustments: Vec<i32>,
}

/// A thread that waits until all its operations can be done at once.
struct Waiter {
    operations: Vec<Sembuf>,
    pid: Pid,
    owner: Option<usize>,
    alters: bool,
    /// Which operation cannot be done.
    blocking: AtomicUsize,
    outcome: SpinLock<Option<Result<(), Errno>>>,
    queue: WaitQueue,
}

impl Waiter {
    fn outcome(&self) -> Option<Result<(), Errno>> {
        *self.outcome.lock()
    }
    fn finish(&self, outcome: Result<(), Errno>) {
        *self.outcome.lock() = Some(outcome);
        self.queue.wake_all();
    }
}

/// What the lock of a set guards.
struct State {
    permissions: Permissions,
    removed: bool,
    semaphores: Vec<Semaphore>,
    /// When an operation was done, and when something else changed: seconds.
    operated: i64,
    changed: i64,
    /// In order of arrival.
    waiters: VecDeque<Arc<Waiter>>,
    undos: Vec<Undo>,
    /// Until it is removed.
    share: Option<Share>,
}

/// A set of semaphores.
pub struct SemaphoreSet {
    id: AtomicI32,
    count: usize,
    state: SpinLock<State>,
}

/// Operations that a thread asks for.
pub(super) struct Request<'a> {
    operations: &'a [Sembuf],
    pid: Pid,
    undo: Option<&'a Arc<UndoList>>,
}

impl<'a> Request<'a> {
    pub(super) fn new(operations: &'a [Sembuf], pid: Pid, undo: Option<&'a Arc<UndoList>>) -> Self {
        Self { operations, pid, undo }
    }
    fn owner(&self) -> Option<usize> {
        self.undo.map(|list| list.owner())
    }
    fn alters(&self) -> bool {
        self.operations.iter().any(|operation| operation.op != 0)
    }
}

/// Is any of the operations to be undone?
pub(super) fn wants_undo(operations: &[Sembuf]) -> bool {
    operations.iter().any(is_undone)
}

fn is_undone(operation: &Sembuf) -> bool {
    operation.flg as u32 & SEM_UNDO != 0
}

impl State {
    fn undo_of(&mut self, owner: usize) -> Option<&mut Undo> {
        self.undos.iter_mut().find(|undo| undo.owner == owner)
    }

    /// Does one operation: true unless it has to wait.
    fn step(&mut self, operation: &Sembuf, owner: Option<usize>) -> Result<bool, Errno> {
        let change = i32::from(operation.op);
        let at = usize::from(operation.num);
        let value = self.semaphores[at].value;
        if change == 0 && value != 0 || value + change < 0 {
            return Ok(false);
        }
        if value + change > VALUE_MAX {
            return Err(Errno::ERANGE);
        }
        if is_undone(operation) {
            if let Some(undo) = owner.and_then(|owner| self.undo_of(owner)) {
                let adjustment = undo.adjustments[at] - change;
                if !(-VALUE_MAX - 1..=VALUE_MAX).contains(&adjustment) {
                    return Err(Errno::ERANGE);
                }
                undo.adjustments[at] = adjustment;
            }
        }
        self.semaphores[at].value = value + change;
        Ok(true)
    }

    /// Takes back what [`Self::step`] did.
    fn step_back(&mut self, operation: &Sembuf, owner: Option<usize>) {
        let at = usize::from(operation.num);
        self.semaphores[at].value -= i32::from(operation.op);
        if is_undone(operation) {
            if let Some(undo) = owner.and_then(|owner| self.undo_of(owner)) {
                undo.adjustments[at] += i32::from(operation.op);
            }
        }
    }

    /// Does all operations or none. The number of the first one that has to wait, if one has.
    fn attempt(
        &mut self,
        operations: &[Sembuf],
        pid: Pid,
        owner: Option<usize>,
    ) -> Result<Option<usize>, Errno> {
        for (index, operation) in operations.iter().enumerate() {
            let done = self.step(operation, owner);
            if done == Ok(true) {
                continue;
            }
            for before in operations[..index].iter().rev() {
                self.step_back(before, owner);
            }
            done?;
            if operation.flg as u32 & IPC_NOWAIT != 0 {
                return Err(Errno::EAGAIN);
            }
            return Ok(Some(index));
        }
        for operation in operations {
            self.semaphores[usize::from(operation.num)].pid = pid;
        }
        Ok(None)
    }

    /// Values have changed: lets those go on who can. Those who wait for zero come first, as on Linux.
    fn settle(&mut self) {
        while self.settle_some(false) | self.settle_some(true) {}
        if self.waiters.is_empty() {
            self.waiters = VecDeque::new();
        }
    }

    /// Goes once through those who alter, or those who do not. Was something altered?
    fn settle_some(&mut self, alters: bool) -> bool {
        let (mut altered, mut index) = (false, 0);
        while let Some(waiter) = self.waiters.get(index).cloned() {
            if waiter.alters != alters {
                index += 1;
                continue;
            }
            let outcome = match self.attempt(&waiter.operations, waiter.pid, waiter.owner) {
                Ok(Some(blocking)) => {
                    waiter.blocking.store(blocking, Ordering::Relaxed);
                    index += 1;
                    continue;
                }
                Ok(None) => {
                    self.operated = now();
                    Ok(())
                }
                Err(error) => Err(error),
            };
            self.waiters.remove(index);
            waiter.finish(outcome);
            if alters && outcome.is_ok() {
                altered = true;
                if self.helps(&waiter.operations) {
                    // Who came earlier may be able to go on now.
                    index = 0;
                }
            }
        }
        altered
    }

    /// Can operations that were done let others go on that alter something? Not if they only took away, and left
    /// something everywhere: so many who take what one gave are looked at once each.
    fn helps(&self, operations: &[Sembuf]) -> bool {
        operations.iter().any(|op| op.op > 0 || self.semaphores[usize::from(op.num)].value == 0)
    }

    /// How many wait because of this semaphore, for zero or for more.
    fn waiting(&self, semaphore: usize, for_zero: bool) -> usize {
        let here = |waiter: &&Arc<Waiter>| {
            let operation = waiter.operations.get(waiter.blocking.load(Ordering::Relaxed));
            operation.is_some_and(|op| usize::from(op.num) == semaphore && (op.op == 0) == for_zero)
        };
        self.waiters.iter().filter(here).count()
    }

    fn check(&self, creds: &Credentials, flags: u32) -> Result<(), Errno> {
        self.permissions.check(creds, flags)?;
        if self.removed {
            return Err(Errno::EIDRM);
        }
        Ok(())
    }
}

impl Object for SemaphoreSet {
    fn set_id(&self, id: i32) {
        self.id.store(id, Ordering::Relaxed);
    }
}

impl SemaphoreSet {
    /// A set of `count` semaphores, all 0.
    pub(super) fn new(permissions: Permissions, count: usize, share: Share) -> Result<Arc<Self>, Errno> {
        let state = State {
            permissions,
            removed: false,
            semaphores: filled(Semaphore::default(), count)?,
            operated: 0,
            changed: now(),
            waiters: VecDeque::new(),
            undos: Vec::new(),
            share: Some(share),
        };
        Ok(Arc::new(Self { id: AtomicI32::new(-1), count, state: SpinLock::new(state) }))
    }

    /// How many semaphores it has.
    pub fn count(&self) -> usize {
        self.count
    }
    /// The identifier.
    pub fn id(&self) -> i32 {
        self.id.load(Ordering::Relaxed)
    }

    /// EACCES unless the bits are granted, EIDRM if the set is gone.
    pub(super) fn check(&self, creds: &Credentials, flags: u32) -> Result<(), Errno> {
        self.state.lock().check(creds, flags)
    }
    /// EPERM unless `creds` may remove the set.
    pub(super) fn check_owner(&self, creds: &Credentials) -> Result<(), Errno> {
        self.state.lock().permissions.check_owner(creds)
    }

    /// Remembers from now on what this list is to undo.
    fn remember(self: &Arc<Self>, list: &Arc<UndoList>) -> Result<(), Errno> {
        let owner = list.owner();
        if self.state.lock().undo_of(owner).is_some() {
            return Ok(());
        }
        list.watch(self)?;
        let adjustments = filled(0, self.count)?;
        let mut state = self.state.lock();
        // A thread that shares the list may have been quicker.
        if state.undo_of(owner).is_none() {
            state.undos.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            state.undos.push(Undo { owner, adjustments });
        }
        Ok(())
    }

    /// Does the operations, at once or as soon as that is possible: until `deadline`, or a signal comes.
    pub(super) fn operate(
        self: &Arc<Self>,
        creds: &Credentials,
        request: &Request,
        deadline: Option<Instant>,
    ) -> Result<(), Errno> {
        let alters = request.alters();
        let right = if alters { ALTER } else { READ };
        if request.operations.iter().any(|operation| usize::from(operation.num) >= self.count) {
            return Err(Errno::EFBIG);
        }
        if let Some(list) = request.undo {
            self.state.lock().check(creds, right)?;
            self.remember(list)?;
        }
        let mut state = self.state.lock();
        state.check(creds, right)?;
        let owner = request.owner();
        let Some(blocking) = state.attempt(request.operations, request.pid, owner)? else {
            state.operated = now();
            if alters && !state.waiters.is_empty() {
                state.settle();
            }
            return Ok(());
        };
        let waiter = wait_in(&mut state, request, alters, blocking)?;
        drop(state);
        match waiter.queue.wait(Sleep::Interruptible, deadline, || waiter.outcome()) {
            Ok(outcome) => outcome,
            Err(error) => self.give_up(&waiter, error == Kind::TimedOut),
        }
    }

    /// Waits no longer, unless the operations were done at the last moment.
    #[cold]
    fn give_up(&self, waiter: &Arc<Waiter>, timed_out: bool) -> Result<(), Errno> {
        let mut state = self.state.lock();
        if let Some(outcome) = waiter.outcome() {
            return outcome;
        }
        state.waiters.retain(|other| !Arc::ptr_eq(other, waiter));
        room::shrink_queue(&mut state.waiters, 0);
        Err(if timed_out { Errno::EAGAIN } else { Errno::EINTR })
    }

    /// Undoes what the list of undos remembers.
    pub(super) fn undo(&self, owner: usize) {
        let pid = current_or_none().map_or(0, |task| task.pid());
        let mut state = self.state.lock();
        let Some(at) = state.undos.iter().position(|undo| undo.owner == owner) else { return };
        let undo = state.undos.swap_remove(at);
        room::shrink(&mut state.undos);
        for (semaphore, adjustment) in state.semaphores.iter_mut().zip(&undo.adjustments) {
            if *adjustment != 0 {
                semaphore.value = (semaphore.value + adjustment).clamp(0, VALUE_MAX);
                semaphore.pid = pid;
            }
        }
        state.operated = now();
        state.settle();
        drop(state);
        drop(undo);
    }

    /// Value and last process of a semaphore, for those who may read.
    pub(super) fn semaphore(&self, creds: &Credentials, index: i32) -> Result<(i32, Pid), Errno> {
        let index = self.index(creds, index)?;
        let semaphore = self.state.lock().semaphores[index];
        Ok((semaphore.value, semaphore.pid))
    }

    /// How many wait because of a semaphore, for zero or for more.
    pub(super) fn waiting(&self, creds: &Credentials, index: i32, for_zero: bool) -> Result<usize, Errno> {
        let index = self.index(creds, index)?;
        Ok(self.state.lock().waiting(index, for_zero))
    }

    fn index(&self, creds: &Credentials, index: i32) -> Result<usize, Errno> {
        self.state.lock().check(creds, READ)?;
        usize::try_from(index).ok().filter(|index| *index < self.count).ok_or(Errno::EINVAL)
    }

    /// All values.
    pub(super) fn values(&self, creds: &Credentials) -> Result<Vec<u16>, Errno> {
        let mut values = filled(0, self.count)?;
        let state = self.state.lock();
        state.check(creds, READ)?;
        for (value, semaphore) in values.iter_mut().zip(&state.semaphores) {
            *value = semaphore.value as u16;
        }
        Ok(values)
    }

    /// Sets semaphores from `first` on; what was to be undone of them is forgotten.
    pub(super) fn set_values(
        &self,
        creds: &Credentials,
        first: usize,
        values: &[u16],
        pid: Pid,
    ) -> Result<(), Errno> {
        let mut state = self.state.lock();
        state.check(creds, ALTER)?;
        for (semaphore, value) in state.semaphores[first..].iter_mut().zip(values) {
            *semaphore = Semaphore { value: i32::from(*value), pid };
        }
        for undo in &mut state.undos {
            undo.adjustments[first..first + values.len()].fill(0);
        }
        state.changed = now();
        state.settle();
        Ok(())
    }

    /// `IPC_SET`.
    pub(super) fn update(&self, perm: &IpcPerm) -> Result<(), Errno> {
        let mut state = self.state.lock();
        state.permissions.update(perm)?;
        state.changed = now();
        Ok(())
    }

    /// The set is removed: whoever waits learns it. True for the one who did it.
    pub(super) fn retire(&self) -> bool {
        let mut state = self.state.lock();
        let first = !core::mem::replace(&mut state.removed, true);
        let share = state.share.take();
        let (waiters, undos) = (core::mem::take(&mut state.waiters), core::mem::take(&mut state.undos));
        for waiter in &waiters {
            waiter.finish(Err(Errno::EIDRM));
        }
        drop(state);
        drop((waiters, undos, share));
        first
    }

    /// What `IPC_STAT` tells.
    pub fn told(&self) -> SemidDs {
        let state = self.state.lock();
        SemidDs {
            perm: state.permissions.told(self.id()),
            otime: state.operated,
            ctime: state.changed,
            nsems: self.count as u64,
            ..SemidDs::default()
        }
    }
}

/// Has the thread wait in line.
fn wait_in(
    state: &mut State,
    request: &Request,
    alters: bool,
    blocking: usize,
) -> Result<Arc<Waiter>, Errno> {
    let mut operations = Vec::new();
    operations.try_reserve_exact(request.operations.len()).map_err(|_| Errno::ENOMEM)?;
    operations.extend_from_slice(request.operations);
    state.waiters.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
    let waiter = Arc::new(Waiter {
        operations,
        pid: request.pid,
        owner: request.owner(),
        alters,
        blocking: AtomicUsize::new(blocking),
        outcome: SpinLock::new(None),
        queue: WaitQueue::new(),
    });
    state.waiters.push_back(waiter.clone());
    Ok(waiter)
}
