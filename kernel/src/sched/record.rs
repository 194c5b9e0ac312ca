//! A recording of who ran when, for those who want to see it or to simulate it.
//!
//! `sched_record=KIB` on the command line gives each CPU that much memory for [`Event`]s. What does not fit any more is
//! counted, not kept. Without the option nothing is recorded, and nobody looks whether it should be: where a thread is
//! switched or woken, the question is part of the one whether there are several CPUs ([`cpu::needs_more`]).

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use spin::Once;

use super::cpu::{self, Queue, MAX_CPUS};
use super::switch::is_idle;
use super::thread::{Thread, ThreadState};
use crate::{arch, params};

/// What happened to a thread, as six words.
///
/// | word | content |
/// |---|---|
/// | 0 | when, in nanoseconds since boot |
/// | 1 | the thread: its time of birth, which no other has |
/// | 2 | who did it, likewise; 0 for an interrupt, and where the thread did it itself |
/// | 3 | bits 0–31 the thread's id, 32–39 what ([`What`]), 40–47 the policy, 48–55 nice value or priority |
/// | 4, 5 | the thread's name, padded with zeroes |
pub type Event = [u64; 6];

/// The kinds of events. The thread left its CPU, but with [`What::Woken`] and [`What::Made`].
#[derive(Clone, Copy)]
enum What {
    /// It could run on.
    Preempted = 0,
    /// It sleeps.
    Slept = 1,
    /// It has ended.
    Ended = 2,
    /// It was the CPU's idle thread.
    Idled = 3,
    /// It can run again.
    Woken = 4,
    /// It is new.
    Made = 5,
}

/// One CPU's events: only that CPU adds some, with interrupts off.
struct Events {
    room: Once<Vec<[AtomicU64; 6]>>,
    count: AtomicUsize,
    lost: AtomicUsize,
}

static EVENTS: [Events; MAX_CPUS] =
    [const { Events { room: Once::new(), count: AtomicUsize::new(0), lost: AtomicUsize::new(0) } }; MAX_CPUS];

/// Makes room for the events of CPU `id`, if the command line asks for a recording.
pub(super) fn prepare_cpu(id: u32) {
    let Some(wanted) = params::number("sched_record") else { return };
    let count = wanted.saturating_mul(1024) / size_of::<Event>();
    let mut room = Vec::new();
    if count == 0 || room.try_reserve_exact(count).is_err() {
        return log::warn!("no room for the recording of CPU {id}");
    }
    room.resize_with(count, || [const { AtomicU64::new(0) }; 6]);
    EVENTS[id as usize].room.call_once(|| room);
    cpu::need_more();
}

/// Is there a recording?
#[inline]
fn is_on() -> bool {
    EVENTS[0].room.is_completed()
}

#[inline(never)]
fn add(now: u64, thread: &Thread, by: u64, what: What) {
    let events = &EVENTS[arch::cpu_id() as usize];
    let at = events.count.load(Ordering::Relaxed);
    let Some(event) = events.room.get().and_then(|room| room.get(at)) else {
        events.lost.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let (name, _) = thread.name();
    let mut words = [[0; 8]; 2];
    words.as_flattened_mut()[..name.len()].copy_from_slice(&name);
    let parameters = thread.node.parameters();
    let level = if parameters.is_real_time() { parameters.priority } else { parameters.nice as u8 };
    let traits = [what as u8, parameters.policy as u8, level, 0].map(u32::from);
    let traits = traits.iter().rev().fold(0, |word, byte| word << 8 | byte);
    let [first, second] = words.map(u64::from_le_bytes);
    let values =
        [now, thread.birth().as_nanos(), by, u64::from(traits) << 32 | u64::from(thread.id()), first, second];
    event.iter().zip(values).for_each(|(word, value)| word.store(value, Ordering::Relaxed));
    events.count.store(at + 1, Ordering::Release);
}

/// `thread` leaves this CPU. Called with the queue locked.
pub(super) fn left(queue: &Queue, thread: &Thread, now: u64) {
    if !is_on() {
        return;
    }
    let what = match thread.state() {
        _ if is_idle(queue, thread) => What::Idled,
        ThreadState::Dead => What::Ended,
        ThreadState::Runnable | ThreadState::New => What::Preempted,
        ThreadState::Interruptible | ThreadState::Uninterruptible => What::Slept,
    };
    add(now, thread, 0, what);
}

/// `thread` slept and can run again, or it is new: this CPU's doing. Called with interrupts off.
pub(super) fn can_run(thread: &Thread, new: bool, now: u64) {
    if is_on() {
        let by = if arch::percpu::in_interrupt() { 0 } else { super::current().birth().as_nanos() };
        add(now, thread, by, if new { What::Made } else { What::Woken });
    }
}

/// For each CPU its number, how many events it has, how many were lost, and the events, one after the other.
pub fn for_each_cpu(mut show: impl FnMut(usize, usize, usize, &mut dyn Iterator<Item = Event>)) {
    for (id, events) in EVENTS.iter().enumerate() {
        let Some(room) = events.room.get() else { continue };
        let count = events.count.load(Ordering::Acquire);
        let event = |words: &[AtomicU64; 6]| core::array::from_fn(|word| words[word].load(Ordering::Relaxed));
        show(id, count, events.lost.load(Ordering::Relaxed), &mut room[..count].iter().map(event));
    }
}
