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

use run_queue::{Policy, Turn};

use super::cpu::{self, Cpu, Queue};
use super::switch::{self, enqueue, is_current, lock_queue_of};
use super::thread::{Runnable, Thread};
use super::{current, reschedule};
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
        cpu.stamp.store(arch::tsc(), Ordering::Relaxed);
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

/// The best CPU for a thread that can run now: the one that it belongs to, if that is idle; else an idle one; else
/// the one with the shortest queue.
fn choose(thread: &Thread) -> u32 {
    let own = thread.cpu();
    let allowed = match thread.affinity() & cpu::online_mask() {
        0 => cpu::online_mask(),
        some => some,
    };
    let mut idle = cpu::idle_mask() & allowed;
    if idle & 1 << own != 0 && cpu::mark_busy(own) {
        return own;
    }
    while idle != 0 {
        let id = idle.trailing_zeros();
        if cpu::mark_busy(id) {
            return id;
        }
        idle &= idle - 1;
    }
    let length = |id: u32| cpu::number(id).queued.load(Ordering::Relaxed);
    let mut best = (allowed & 1 << own != 0).then(|| (length(own), own));
    for id in (0..cpu::online() as u32).filter(|id| allowed & 1 << id != 0) {
        // Moving is worth it only where it saves more than one turn.
        if best.is_none_or(|(shortest, _)| length(id) + 1 < shortest) {
            best = Some((length(id), id));
        }
    }
    best.map_or(own, |(_, id)| id)
}

/// Puts a thread that just became runnable into the best queue. `queue` is that of its CPU.
#[inline(never)]
pub(super) fn place_woken(
    cpu: &'static Cpu,
    mut queue: IrqLockGuard<'static, Queue>,
    thread: &'static Thread,
) {
    let id = choose(thread);
    if id == thread.cpu() {
        return enqueue(cpu, &mut queue, thread, Turn::Woken);
    }
    thread.set_cpu(id);
    drop(queue);
    join(thread, Turn::Woken);
}

/// Puts a runnable thread that is in no queue into the best one.
#[inline(never)]
pub(super) fn place_new(thread: &'static Thread) {
    thread.set_cpu(choose(thread));
    join(thread, Turn::Again);
}

/// Puts a runnable thread that is in no queue into that of its CPU.
fn join(thread: &'static Thread, turn: Turn) {
    loop {
        let id = thread.cpu();
        let cpu = cpu::number(id);
        let mut queue = cpu.queue.lock();
        // Whoever confines a thread looks for it in the queue afterwards: one of the two notices.
        if thread.may_run_on(id) || thread.affinity() & cpu::online_mask() == 0 {
            return enqueue(cpu, &mut queue, thread, turn);
        }
        drop(queue);
        thread.set_cpu(choose(thread));
    }
}

/// Takes a thread over that waits for another CPU; returns whether there was one. For the idle thread of CPU `id`.
#[inline(never)]
pub(super) fn steal(id: u32) -> bool {
    let count = cpu::online() as u32;
    for other in (1..count).map(|step| cpu::number((id + step) % count)) {
        // Who is idle is about to look at its queue itself.
        if other.queued.load(Ordering::Relaxed) == 0 || other.is_idle.load(Ordering::Relaxed) {
            continue;
        }
        let mut queue = other.queue.lock();
        let taken = queue.policy.pick_where(|runnable| runnable.0.may_run_on(id));
        other.queued.store(queue.policy.len() as u32, Ordering::SeqCst);
        if let Some(Runnable(thread)) = taken {
            thread.set_cpu(id);
            drop(queue);
            join(thread, Turn::Again);
            return true;
        }
    }
    false
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
