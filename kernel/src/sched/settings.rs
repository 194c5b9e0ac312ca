//! What a program asked for about how its threads are scheduled, and what that does.

use sched_policy::{Bandwidth, Parameters, Policy, Utilisation};

use super::cpu::{self, MAX_CPUS};
use super::switch::{self, is_current, lock_queue_of};
use super::thread::{Runnable, Thread};
use super::{current, place, reschedule};
use crate::sync::{Mutex, MutexGuard};
use crate::{time, Kind, Result};

/// What a program asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SchedSettings {
    /// The policy and what it takes.
    pub parameters: Parameters,
    /// New threads start with the defaults.
    pub reset_on_fork: bool,
    /// Kept for the personality: bits that it gives a meaning.
    pub notes: u8,
}

impl SchedSettings {
    /// What a new thread starts with; `None` if it would need a reservation of its own.
    pub fn inherited(self) -> Option<Self> {
        let real_time = self.parameters.is_real_time();
        if !self.reset_on_fork {
            return (self.parameters.policy != Policy::Deadline).then_some(self);
        }
        let parameters = if real_time {
            Parameters::default()
        } else {
            Parameters { nice: self.parameters.nice.max(0), ..self.parameters }
        };
        Some(Self { parameters, ..Self::default() })
    }
}

/// What is reserved of each CPU by threads with deadlines.
static RESERVED: Mutex<[Bandwidth; MAX_CPUS]> = Mutex::new([Bandwidth::new(); MAX_CPUS]);

fn share(parameters: &Parameters) -> Utilisation {
    match parameters.policy {
        Policy::Deadline => Utilisation::of(&parameters.reservation),
        _ => Utilisation::default(),
    }
}

/// Schedules `thread` as `settings` say. [`Kind::Busy`] if no CPU can keep the reservation,
/// [`Kind::NotPermitted`] if the thread may not run on all of them, [`Kind::NoProcess`] if it ends.
pub(super) fn change(thread: &'static Thread, settings: SchedSettings) -> Result<()> {
    let (old, new) = (thread.settings().parameters, settings.parameters);
    if old.policy != Policy::Deadline && new.policy != Policy::Deadline {
        apply(thread, settings);
        return Ok(());
    }
    let mut reserved = RESERVED.lock();
    // Once more, now that nobody else changes it.
    let old = thread.settings().parameters;
    if new.policy == Policy::Deadline {
        reserve(&mut reserved, thread, &old, &new)?;
    } else {
        release(&mut reserved, thread, &old);
    }
    apply(thread, settings);
    drop(reserved);
    place::move_if_needed(thread);
    Ok(())
}

type Reserved = MutexGuard<'static, [Bandwidth; MAX_CPUS]>;

/// Finds a CPU for the reservation, to which the thread belongs from then on: the one of before, or the emptiest.
fn reserve(reserved: &mut Reserved, thread: &Thread, old: &Parameters, new: &Parameters) -> Result<()> {
    let online = cpu::online_mask();
    if thread.affinity() & online != online {
        return Err(Kind::NotPermitted.into());
    }
    let (more, less) = (share(new), share(old));
    let home = thread.confined_to();
    let id = if home.is_some_and(|home| reserved[home].has_room(more, less)) {
        home
    } else {
        let emptiest = (0..cpu::online()).min_by_key(|&id| reserved[id].reserved());
        emptiest.filter(|&id| reserved[id].has_room(more, Utilisation::default()))
    };
    let id = id.ok_or(Kind::Busy)?;
    release(reserved, thread, old);
    reserved[id].add(more);
    thread.confine(Some(id));
    // A thread says that it ends before it looks whether it is confined.
    if thread.is_ending() {
        release(reserved, thread, new);
        return Err(Kind::NoProcess.into());
    }
    Ok(())
}

fn release(reserved: &mut Reserved, thread: &Thread, old: &Parameters) {
    if let Some(home) = thread.confined_to() {
        reserved[home].remove(share(old));
        thread.confine(None);
    }
}

/// Gives back what the current thread, which is about to end, has reserved.
pub(super) fn release_reservation(thread: &'static Thread) {
    if thread.confined_to().is_some() {
        let mut reserved = RESERVED.lock();
        release(&mut reserved, thread, &thread.settings().parameters);
        apply(thread, SchedSettings::default());
    }
}

/// What is reserved of CPU `id`, in thousandths.
pub fn reserved_per_mille(id: usize) -> u64 {
    RESERVED.lock().get(id).map_or(0, |reserved| reserved.reserved().per_mille())
}

fn apply(thread: &'static Thread, settings: SchedSettings) {
    let now = time::now().as_nanos();
    let (cpu, mut queue) = lock_queue_of(thread);
    thread.store_settings(settings);
    let queued = queue.policy.remove(Runnable(thread));
    thread.node.configure(settings.parameters);
    if queued {
        switch::enqueue(cpu, &mut queue, thread, sched_policy::Turn::New, now);
    } else if is_current(&queue, thread) {
        cpu.rank.store(thread.node.rank(), core::sync::atomic::Ordering::Relaxed);
        switch::mark(cpu, thread);
        drop(queue);
        if core::ptr::eq(thread, current()) {
            reschedule();
        }
    }
}
