//! Which CPU a thread runs on.
//!
//! A thread belongs to one CPU's queue, and stays there as long as that has nothing else to do: its caches are warm.
//! When it wakes while its CPU is busy, it goes to an idle one; when a CPU becomes idle, it takes a thread that waits
//! elsewhere; and once a tick, a CPU for which threads wait looks whether another one halts.
//!
//! A runnable thread on its way from one queue to another is in none, and belongs to whoever took it out; nobody else
//! changes its CPU. A thread is only taken where it was switched away from completely: out of a queue, whose lock is
//! held across each switch, or by the one that goes on after it.
//!
//! What is here only runs where there are several CPUs, and stays out of line: with one CPU it costs nothing else.

use alloc::boxed::Box;
use core::sync::atomic::Ordering;

use sched_policy::placement::{self, Candidate};
use sched_policy::Turn;

use super::cpu::{self, Cpu, Queue};
use super::switch::{self, enqueue, is_current, lock_queue_of};
use super::thread::{Runnable, Thread};
use super::{current, record, reschedule};
use crate::arch::percpu::NEED_RESCHED;
use crate::arch::{self, ipi};
use crate::sync::IrqLockGuard;
use crate::{time, Result};

/// The idle thread of a CPU that is to start.
#[derive(Clone, Copy)]
pub struct IdleThread(&'static Thread);

impl IdleThread {
    /// The end of its stack, on which the CPU is to start.
    pub fn stack_top(self) -> usize {
        self.0.stack_top
    }

    /// Makes the running CPU, which is the one that the thread was made for, run threads. Called on the thread's own
    /// stack, interrupts off.
    pub fn run(self) -> ! {
        let cpu = cpu::this();
        cpu.stamp.store(time::now().as_nanos(), Ordering::Relaxed);
        cpu.is_idle.store(true, Ordering::Relaxed);
        switch::make_current(cpu, self.0);
        cpu::add_online();
        arch::cpu::irq_enable();
        switch::idle()
    }
}

/// Makes what the scheduler and the timers need for CPU `id`, the next one after those that run.
pub fn prepare_cpu(id: u32) -> Result<IdleThread> {
    time::prepare_cpu(id as usize)?;
    record::prepare_cpu(id);
    let idle = switch::leak(Thread::new_idle(Box::new(|| switch::idle()))?);
    idle.set_cpu(id);
    let mut queue = cpu::number(id).queue.lock();
    queue.current = Some(idle);
    queue.idle = Some(idle);
    Ok(IdleThread(idle))
}

/// Has a CPU look at what has changed for it, unless it is this one, which sees for itself.
#[inline]
pub(super) fn kick(cpu: &Cpu, id: u32) {
    if cpu::are_many() {
        kick_other(cpu, id);
    }
}

#[inline(never)]
fn kick_other(cpu: &Cpu, id: u32) {
    if !core::ptr::eq(cpu, cpu::this()) {
        ipi::kick(id);
    }
}

/// The best CPU for a thread that can run now, of which nobody knew before that it can.
fn choose(thread: &Thread) -> u32 {
    let own = thread.cpu();
    let online = cpu::online_mask();
    let allowed = match thread.allowed_cpus() & online {
        0 => online,
        some => some,
    };
    let mut idle = cpu::idle_mask() & allowed;
    if idle & 1 << own != 0 && cpu::mark_busy(own) {
        return own;
    }
    loop {
        let candidates =
            (0..cpu::online() as u32).filter(|id| allowed & 1 << id != 0).map(|id| candidate(id, idle));
        let best = placement::choose(own, thread.node.rank(), candidates).unwrap_or(own);
        if idle & 1 << best == 0 || cpu::mark_busy(best) {
            return best;
        }
        // Somebody else took it meanwhile.
        idle &= !(1 << best);
    }
}

/// A CPU as a thread would find it that came now. All are equally near to memory.
fn candidate(id: u32, idle: u64) -> Candidate {
    let cpu = cpu::number(id);
    let queued = cpu.queued.load(Ordering::Relaxed);
    if idle & 1 << id != 0 {
        return Candidate { id, load: queued, rank: placement::NOTHING, distance: placement::LOCAL };
    }
    let rank = cpu.rank.load(Ordering::Relaxed);
    Candidate { id, load: queued + 1, rank, distance: placement::LOCAL }
}

/// Should a thread that gives way be placed anew? If it may not stay, or is too urgent to wait for long.
#[inline(never)]
pub(super) fn should_leave(thread: &Thread) -> bool {
    let may_stay = thread.may_run_on(thread.cpu());
    !may_stay || thread.settings().parameters.is_real_time() && thread.confined_to().is_none()
}

/// Puts a thread that just became runnable into the best queue. `queue` is that of its CPU.
#[inline(never)]
pub(super) fn place_woken(
    cpu: &'static Cpu,
    mut queue: IrqLockGuard<'static, Queue>,
    thread: &'static Thread,
    now: u64,
) {
    record::can_run(thread, false, now);
    let id = if cpu::are_many() { choose(thread) } else { thread.cpu() };
    if id == thread.cpu() {
        return enqueue(cpu, &mut queue, thread, Turn::Woken, now);
    }
    queue.policy.leaves(Runnable(thread));
    thread.set_cpu(id);
    drop(queue);
    join(thread, Turn::Woken);
}

/// Puts a runnable thread that is in no queue into the best one.
#[inline(never)]
pub(super) fn place_new(thread: &'static Thread) {
    if cpu::are_many() {
        thread.set_cpu(choose(thread));
    }
    join(thread, Turn::New);
}

/// Puts a runnable thread that is in no queue into that of its CPU.
fn join(thread: &'static Thread, turn: Turn) {
    loop {
        let id = thread.cpu();
        let cpu = cpu::number(id);
        let now = time::now().as_nanos();
        let mut queue = cpu.queue.lock();
        // Whoever confines a thread looks for it in the queue afterwards: one of the two notices.
        if thread.may_run_on(id) || thread.allowed_cpus() & cpu::online_mask() == 0 {
            return enqueue(cpu, &mut queue, thread, turn, now);
        }
        drop(queue);
        thread.set_cpu(choose(thread));
    }
}

/// Takes a thread over that waits for another CPU; returns whether there was one. For the idle thread of CPU `id`.
#[inline(never)]
pub(super) fn steal(id: u32) -> bool {
    let count = cpu::online() as u32;
    // Who is idle is about to look at its queue itself.
    let is_busy = |cpu: &Cpu| cpu.queued.load(Ordering::Relaxed) != 0 && !cpu.is_idle.load(Ordering::Relaxed);
    (1..count).map(|step| (id + step) % count).any(|other| is_busy(cpu::number(other)) && pull(id, other))
}

/// Takes a thread for CPU `id` over that waits for CPU `from`; returns whether there was one.
fn pull(id: u32, from: u32) -> bool {
    let cpu = cpu::number(from);
    let mut queue = cpu.queue.lock();
    let taken = queue.policy.take_where(|runnable| runnable.0.may_run_on(id));
    cpu.queued.store(queue.policy.len() as u32, Ordering::SeqCst);
    let Some(Runnable(thread)) = taken else { return false };
    thread.set_cpu(id);
    drop(queue);
    cpu::number(id).stolen.fetch_add(1, Ordering::Relaxed);
    join(thread, Turn::New);
    true
}

/// Once a tick: has idle CPUs take over from this one, for which so many threads wait, or takes over itself from one
/// that has more to do.
#[inline(never)]
pub(super) fn balance(cpu: &Cpu, waiting: usize, now: u64) {
    if waiting > 0 {
        call_for_help();
    }
    let own = arch::cpu_id();
    let length = |id: u32| cpu::number(id).queued.load(Ordering::Relaxed);
    let Some(busiest) = placement::busiest(own, cpu::online() as u32, length) else { return };
    if length(busiest) <= waiting as u32 {
        return cpu.uneven_since.store(0, Ordering::Relaxed);
    }
    let since = match cpu.uneven_since.load(Ordering::Relaxed) {
        0 => now,
        since => since,
    };
    cpu.uneven_since.store(since, Ordering::Relaxed);
    // Each has one that runs, too.
    if placement::should_pull(waiting as u32, length(busiest), now.saturating_sub(since)) {
        pull(own, busiest);
        cpu.uneven_since.store(0, Ordering::Relaxed);
    }
}

/// Wakes an idle CPU, if there is one, to take over from this one, for which threads wait.
#[inline(never)]
pub(super) fn call_for_help() {
    let idle = cpu::idle_mask();
    if idle != 0 {
        ipi::kick(idle.trailing_zeros());
    }
}

/// Has a thread that may be in user mode on another CPU look at its work.
#[inline(never)]
pub(super) fn interrupt(thread: &Thread) {
    let id = thread.cpu();
    let cpu = cpu::number(id);
    if core::ptr::eq(cpu.current.load(Ordering::SeqCst), thread) {
        kick(cpu, id);
    }
}

/// Takes a thread away from where it may not run any more.
pub(super) fn move_if_needed(thread: &'static Thread) {
    let (cpu, mut queue) = lock_queue_of(thread);
    let id = thread.cpu();
    if thread.may_run_on(id) || !cpu::are_many() {
        return;
    }
    if queue.policy.remove(Runnable(thread)) {
        cpu.queued.store(queue.policy.len() as u32, Ordering::SeqCst);
        drop(queue);
        return place_new(thread);
    }
    // One that sleeps is placed when it wakes, one that is between two queues by whoever moves it.
    if is_current(&queue, thread) {
        thread.core.work.fetch_or(NEED_RESCHED, Ordering::Relaxed);
        drop(queue);
        if core::ptr::eq(thread, current()) {
            reschedule();
        } else {
            kick(cpu, id);
        }
    }
}
