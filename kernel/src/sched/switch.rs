//! Going from one thread to another.
//!
//! Every change of a thread's state that matters to others happens with its run queue's lock held, and the lock
//! is held across the switch itself: whoever takes it next finds the previous thread completely away from its
//! stack. The thread that goes on gives the lock back and reaps a predecessor that ended.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use sched_policy::{placement, Turn};

use super::context::Context;
use super::cpu::{self, Cpu, Queue, Rest};
use super::thread::{Runnable, Thread, ThreadState};
use super::{current, fpu, load, place, record, settings};
use crate::arch::percpu::{self, NEED_RESCHED};
use crate::arch::{self, thread::switch_context};
use crate::sync::{order, IrqLockGuard, Link, Sleep};
use crate::time::{self, Instant};
use crate::Result;

/// Why a thread gives the CPU back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    Sleep,
    Yield,
    Preempted,
    Exit,
}

/// Makes the boot code a thread (it may sleep from now on) and gives this CPU its idle thread.
pub fn init() -> Result<()> {
    let boot: &'static Thread = leak(Thread::adopt("boot", percpu::kernel_stack_top() & !0xf)?);
    let idle = leak(Thread::new_idle(Box::new(|| idle()))?);
    cpu::add_online();
    cpu::add_thread();
    record::prepare_cpu(0);
    let cpu = cpu::this();
    let mut queue = cpu.queue.lock();
    queue.current = Some(boot);
    queue.idle = Some(idle);
    cpu.stamp.store(time::now().as_nanos(), Ordering::Relaxed);
    make_current(cpu, boot);
    drop(queue);
    // The idle thread starts the tick again whenever it is left; until it has run for the first time, this did.
    time::start_tick();
    Ok(())
}

pub(super) fn leak(thread: Arc<Thread>) -> &'static Thread {
    // SAFETY: the count is given back by `Thread::reap` alone, after the last use of the reference.
    unsafe { &*Arc::into_raw(thread) }
}

pub(super) fn make_current(cpu: &Cpu, thread: &'static Thread) {
    cpu.current.store(core::ptr::from_ref(thread).cast_mut(), Ordering::Relaxed);
    // SAFETY: the scheduler keeps the thread, and so its core, alive until after it is switched away from; its
    // stack is its own.
    unsafe { percpu::set_current(core::ptr::from_ref(thread).cast(), &thread.core, thread.stack_top) };
}

/// What the idle thread does: halts until somebody is runnable.
pub fn idle() -> ! {
    let cpu = cpu::this();
    let many = || cpu::are_many().then(arch::cpu_id);
    loop {
        if cpu.queued.load(Ordering::Relaxed) != 0 || many().is_some_and(place::steal) {
            time::start_tick();
            load::update_after_idle();
            schedule(Reason::Yield);
        }
        let enabled = arch::irq_disable_save();
        if let Some(id) = many() {
            cpu::mark_idle(id);
        }
        // Interrupt handlers and other CPUs make threads runnable: with interrupts off the look and the halt are one.
        if cpu.queued.load(Ordering::SeqCst) == 0 {
            arch::halt();
        }
        arch::irq_restore(enabled);
    }
}

/// Lets others run if any can.
#[inline]
pub fn yield_now() {
    if cpu::this().queued.load(Ordering::Relaxed) != 0 || current().confined_to().is_some() {
        schedule(Reason::Yield);
    }
}

/// Lets others run if the thread's time is up: for long loops in the kernel, and kernel threads.
#[inline]
pub fn maybe_yield() {
    if percpu::work().load(Ordering::Relaxed) & NEED_RESCHED != 0 {
        schedule(Reason::Preempted);
    }
}

/// What the way back to user mode calls when [`NEED_RESCHED`] is set, with interrupts on.
pub fn reschedule() {
    schedule(Reason::Preempted);
}

/// Ends the current thread.
pub fn exit_current() -> ! {
    order::assert_may_sleep();
    let thread = current();
    thread.announce_end();
    settings::release_reservation(thread);
    if thread.own_space().is_some() {
        drop(thread.set_space(None));
    }
    schedule(Reason::Exit);
    unreachable!("a dead thread is never picked")
}

/// Sleeps unless `link` became loose: the last step of waiting. The caller looks at its condition afterwards,
/// whyever this returns.
#[inline]
pub(crate) fn sleep_while(link: &Link, sleep: Sleep, deadline: Option<Instant>) {
    let thread = current();
    thread.announce_state(match sleep {
        Sleep::Interruptible => ThreadState::Interruptible,
        Sleep::Uninterruptible => ThreadState::Uninterruptible,
    });
    // A waker that saw us runnable did nothing: then its mark is visible now, after the state was announced.
    let interrupted = sleep == Sleep::Interruptible && thread.attention_requested();
    if !link.is_set() || interrupted {
        thread.set_state(ThreadState::Runnable);
        return;
    }
    match deadline {
        None => schedule(Reason::Sleep),
        Some(deadline) => {
            time::arm_sleep(thread, deadline);
            schedule(Reason::Sleep);
            time::disarm_sleep(thread);
        }
    }
}

/// Makes a sleeping thread runnable; returns whether it slept.
pub(crate) fn wake(thread: &'static Thread) -> bool {
    let (cpu, mut queue) = lock_queue_of(thread);
    if !thread.is_asleep() {
        return false;
    }
    thread.set_state(ThreadState::Runnable);
    // It may still be on its way to sleep: then it finds itself runnable and stays.
    if is_current(&queue, thread) {
        return true;
    }
    let now = time::now().as_nanos();
    if cpu::needs_more() {
        place::place_woken(cpu, queue, thread, now);
    } else {
        enqueue(cpu, &mut queue, thread, Turn::Woken, now);
    }
    true
}

/// The CPU that a thread belongs to, with its queue locked.
#[inline]
pub(super) fn lock_queue_of(thread: &Thread) -> (&'static Cpu, IrqLockGuard<'static, Queue>) {
    let mut id = thread.cpu();
    loop {
        let cpu = cpu::number(id);
        let queue = cpu.queue.lock();
        let now = thread.cpu();
        if now == id {
            return (cpu, queue);
        }
        id = now;
    }
}

#[inline]
pub(super) fn is_current(queue: &Queue, thread: &Thread) -> bool {
    queue.current.is_some_and(|current| core::ptr::eq(current, thread))
}

#[inline]
pub(super) fn is_idle(queue: &Queue, thread: &Thread) -> bool {
    queue.idle.is_some_and(|idle| core::ptr::eq(idle, thread))
}

/// Puts a runnable thread into the queue, and marks the running one if it should give way.
#[inline]
pub(super) fn enqueue(cpu: &Cpu, queue: &mut Queue, thread: &'static Thread, turn: Turn, now: u64) {
    queue.policy.enqueue(Runnable(thread), turn, now);
    cpu.queued.store(queue.policy.len() as u32, Ordering::SeqCst);
    let Some(running) = queue.current else { return };
    if is_idle(queue, running) {
        // It asks for the alarm that one without budget needs when it was left.
        place::kick(cpu, thread.cpu());
    } else if (turn == Turn::Woken || thread.node.rank() < running.node.rank())
        && queue.policy.preempts(Runnable(thread), Runnable(running))
    {
        mark(cpu, running);
    }
}

/// Has the running thread of a CPU call the scheduler.
#[inline]
pub(super) fn mark(cpu: &Cpu, running: &Thread) {
    running.core.work.fetch_or(NEED_RESCHED, Ordering::Relaxed);
    place::kick(cpu, running.cpu());
}

/// Puts a new thread into the queue of the current CPU, or of one that has less to do. It inherits the experience of
/// its maker.
pub(super) fn enqueue_new(thread: &'static Thread) {
    let cpu = cpu::this();
    let mut queue = cpu.queue.lock();
    let now = time::now().as_nanos();
    if let Some(maker) = queue.current {
        // What it had up to now counts for both: else one that goes on in new threads would begin anew each time.
        let idle = is_idle(&queue, maker);
        book(cpu, &mut queue, maker, idle, now);
        queue.policy.inherit(Runnable(thread), Runnable(maker));
    }
    thread.set_state(ThreadState::Runnable);
    thread.set_cpu(arch::cpu_id());
    if cpu::needs_more() {
        record::can_run(thread, true, now);
        drop(queue);
        place::place_new(thread);
    } else {
        enqueue(cpu, &mut queue, thread, Turn::New, now);
    }
}

/// Books the time since the last booking on the current thread.
#[inline]
fn book(cpu: &Cpu, queue: &mut Queue, thread: &'static Thread, idle: bool, now: u64) {
    let delta = now.wrapping_sub(cpu.stamp.load(Ordering::Relaxed));
    // Only this CPU writes these counters, so a load and a store are enough.
    let counter = if idle { &cpu.idle_time } else { &thread.ran };
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(delta), Ordering::Relaxed);
    cpu.stamp.store(now, Ordering::Release);
    if !idle {
        queue.policy.ran(Runnable(thread), delta, now);
    }
}

/// Gives the CPU to the thread whose turn it is. Returns when it is this thread's turn again.
fn schedule(reason: Reason) {
    order::assert_may_sleep();
    debug_assert!(arch::interrupts_enabled(), "switching with interrupts off");
    arch::cpu::irq_disable();
    let cpu = cpu::this();
    let previous = current();
    let mut queue = cpu.queue.lock_nested();
    let idle = is_idle(&queue, previous);
    if reason == Reason::Sleep && !previous.is_asleep() {
        drop(queue);
        arch::cpu::irq_enable();
        return;
    }
    previous.core.work.fetch_and(!NEED_RESCHED, Ordering::Relaxed);
    let now = time::now().as_nanos();
    book(cpu, &mut queue, previous, idle, now);
    let next = leave(cpu, &mut queue, previous, idle, reason, now).or(queue.idle);
    let next = next.expect("every CPU that schedules has an idle thread");
    cpu.queued.store(queue.policy.len() as u32, Ordering::Relaxed);
    cpu.slice.store(now, Ordering::Relaxed);
    if queue.policy.has_alarm(Some(&next.node)) {
        let running = (!is_idle(&queue, next)).then_some(Runnable(next));
        queue.rest.alarm = queue.policy.alarm(running, 0, now);
        queue.unfinished = true;
    }
    if core::ptr::eq(next, previous) {
        let rest = finish(&mut queue);
        drop(queue);
        arch::cpu::irq_enable();
        clean_up(rest);
        return;
    }
    switch(cpu, queue, previous, next);
    // This thread goes on, maybe much later.
    let rest = after_switch();
    arch::cpu::irq_enable();
    clean_up(rest);
}

/// The running thread gives way: back into the queue, to sleep, or to its end. Returns whose turn it is.
#[inline]
fn leave(
    cpu: &Cpu,
    queue: &mut Queue,
    previous: &'static Thread,
    idle: bool,
    reason: Reason,
    now: u64,
) -> Option<&'static Thread> {
    match reason {
        Reason::Sleep => {
            previous.voluntary.fetch_add(1, Ordering::Relaxed);
            queue.policy.slept(Runnable(previous));
        }
        Reason::Yield | Reason::Preempted if !idle => {
            let count = if reason == Reason::Yield { &previous.voluntary } else { &previous.involuntary };
            count.fetch_add(1, Ordering::Relaxed);
            if cpu::are_many() && place::should_leave(previous) {
                queue.policy.leaves(Runnable(previous));
                queue.rest.leaving = Some(previous);
                queue.unfinished = true;
            } else if reason == Reason::Yield {
                cpu.yields.store(cpu.yields.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                return queue.policy.yield_to(Runnable(previous), now).map(|runnable| runnable.0);
            } else {
                return queue.policy.pass(Runnable(previous), now).map(|runnable| runnable.0);
            }
        }
        Reason::Yield | Reason::Preempted => {}
        Reason::Exit => {
            previous.set_state(ThreadState::Dead);
            queue.rest.dead = Some(previous);
            queue.unfinished = true;
            if core::ptr::eq(queue.bases_of, previous) {
                queue.bases_of = core::ptr::null();
            }
        }
    }
    queue.policy.pick(now).map(|runnable| runnable.0)
}

fn switch(cpu: &Cpu, mut queue: IrqLockGuard<Queue>, previous: &'static Thread, next: &'static Thread) {
    cpu.switches.store(cpu.switches.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    queue.current = Some(next);
    if previous.user {
        fpu::leave(cpu, previous);
        if cpu::are_many() {
            // It may go on elsewhere.
            // SAFETY: the thread is this one, under the lock of its queue.
            save_bases(unsafe { &mut *previous.context.get() });
        }
    }
    if next.user {
        load_user_state(cpu, &mut queue, next);
    }
    if is_idle(&queue, previous) {
        cpu.is_idle.store(false, Ordering::Relaxed);
        if cpu::are_many() {
            cpu::mark_busy(previous.cpu());
        }
    } else if is_idle(&queue, next) {
        cpu.is_idle.store(true, Ordering::Relaxed);
    }
    if cpu::needs_more() {
        let rank = if is_idle(&queue, next) { placement::NOTHING } else { next.node.rank() };
        cpu.rank.store(rank, Ordering::Relaxed);
        record::left(&queue, previous, cpu.stamp.load(Ordering::Relaxed));
    }
    make_current(cpu, next);
    core::mem::forget(queue);
    // SAFETY: the queue's lock, which `after_switch` gives back on the other side, makes us the only one to use
    // the two contexts; `next` was switched away from (or prepared) before it was in the queue.
    unsafe { switch_context(&raw mut (*previous.context.get()).rsp, (*next.context.get()).rsp) };
}

/// Puts what user mode can see into the CPU: address space, segment bases, floating point. Kernel threads
/// between two user threads leave it all where it is.
fn load_user_state(cpu: &Cpu, queue: &mut Queue, next: &'static Thread) {
    // SAFETY: `next` does not run, and only the switch to it (here, under the lock) uses its context now.
    let context = unsafe { &mut *next.context.get() };
    if let Some(space) = &context.space {
        space.activate();
    }
    fpu::enter(cpu, next, &mut context.registers);
    let here = next.cpu();
    if core::ptr::eq(queue.bases_of, next) && context.bases_on == here {
        return;
    }
    let gs_now = if queue.bases_of.is_null() || cpu::are_many() {
        None
    } else {
        // SAFETY: with one CPU that thread ran here last, was not reaped (the bases would be nobody's), and does not
        // run now (they would be `next`'s).
        let old = unsafe { &mut *(*queue.bases_of).context.get() };
        save_bases(old);
        Some(old.gs_base)
    };
    load_entry(queue, next);
    arch::set_fs_base(context.fs_base);
    if gs_now != Some(context.gs_base) {
        arch::set_user_gs_base(context.gs_base);
    }
    context.bases_on = here;
    queue.bases_of = next;
}

/// Stores the segment bases that [`load_user_state`] loaded. With several CPUs this happens at each switch away from
/// a user thread, with one only when another user thread needs the registers.
#[inline]
fn save_bases(context: &mut Context) {
    // Where a program cannot change them by itself, they are what it was given.
    if arch::user_sets_bases() {
        context.fs_base = arch::fs_base();
        context.gs_base = arch::user_gs_base();
    }
}

/// Sees to it that system calls go where those of `thread` are to go.
fn load_entry(queue: &mut Queue, thread: &Thread) {
    let wanted = thread.is_intercepted();
    if queue.intercepting != wanted {
        queue.intercepting = wanted;
        arch::set_interception(wanted);
    }
}

/// Heeds [`Thread::intercept`] for the current thread.
pub fn refresh_entry() {
    load_entry(&mut cpu::this().queue.lock(), super::current());
}

/// Does what a switch left to be done, with interrupts on.
#[inline]
fn clean_up(rest: Option<Rest>) {
    if let Some(rest) = rest {
        finish_rest(rest);
    }
}

#[inline(never)]
fn finish_rest(rest: Rest) {
    if let Some(at) = rest.alarm {
        time::tick_at(at);
    }
    if let Some(thread) = rest.leaving {
        place::place_new(thread);
    }
    if let Some(dead) = rest.dead {
        // SAFETY: it set itself dead, was switched away from, and is taken from the queue once.
        unsafe { Thread::reap(dead) };
    }
}

/// Takes what is left to be done after a switch.
#[inline]
fn finish(queue: &mut Queue) -> Option<Rest> {
    core::mem::take(&mut queue.unfinished).then(|| core::mem::take(&mut queue.rest))
}

/// First thing on the other side of a switch: gives the run queue's lock back.
#[inline]
fn after_switch() -> Option<Rest> {
    let cpu = cpu::this();
    // SAFETY: the lock is held by this CPU since `switch` forgot its guard.
    unsafe {
        let rest = finish(&mut *cpu.queue.as_ptr());
        cpu.queue.release_forgotten();
        rest
    }
}

/// Where a new thread begins, interrupts off and the run queue locked.
pub(super) extern "C" fn thread_main(_thread: usize) {
    let rest = after_switch();
    arch::cpu::irq_enable();
    clean_up(rest);
    let thread = current();
    if thread.user {
        // SAFETY: `Thread::new_user` wrote the frame there, at the top of this thread's stack.
        arch::enter_user(unsafe { &*arch::user_frame() });
    }
    if let Some(body) = thread.take_entry() {
        body();
    }
    exit_current()
}

/// The current thread's address space is another from now on.
pub(super) fn load_space(space: Option<&Arc<crate::mm::AddressSpace>>) {
    // Between two switches nothing else changes what is loaded but another CPU's wish that it be left, and for that
    // the space must be unused.
    let enabled = arch::irq_disable_save();
    match space {
        Some(space) => space.activate(),
        None => crate::mm::activate_kernel_space(),
    }
    arch::irq_restore(enabled);
}

/// The timer's sample of this CPU. Returns when it should come again: not while the CPU is idle and stays so.
pub(crate) fn on_tick(user_mode: bool, now: u64, usual: u64) -> Option<u64> {
    let cpu = cpu::this();
    let mut queue = cpu.queue.lock();
    let thread = queue.current?;
    if is_idle(&queue, thread) {
        queue.policy.renew(None, now);
        cpu.queued.store(queue.policy.len() as u32, Ordering::SeqCst);
        // Whoever is queued takes over in a moment, without asking for ticks anew.
        return if queue.policy.is_empty() { queue.policy.alarm(None, 0, now) } else { Some(usual) };
    }
    book(cpu, &mut queue, thread, false, now);
    let (own, all) = if user_mode {
        (&thread.user_samples, &cpu.user_samples)
    } else {
        (&thread.system_samples, &cpu.system_samples)
    };
    own.fetch_add(1, Ordering::Relaxed);
    all.fetch_add(1, Ordering::Relaxed);
    let slice = now.saturating_sub(cpu.slice.load(Ordering::Relaxed));
    let running = Runnable(thread);
    let urgent = queue.policy.renew(Some(running), now);
    if urgent || queue.policy.gives_way(running, slice, now) {
        thread.core.work.fetch_or(NEED_RESCHED, Ordering::Relaxed);
    }
    let waiting = queue.policy.len();
    cpu.queued.store(waiting as u32, Ordering::SeqCst);
    let alarm = queue.policy.alarm(Some(running), slice, now).filter(|&at| at > now);
    drop(queue);
    if cpu::are_many() {
        place::balance(cpu, waiting, now);
    }
    load::update();
    Some(alarm.map_or(usual, |at| at.min(usual)))
}
