//! Deadlines in order.
//!
//! [`TimerQueue`] is a binary heap whose entries know their place, so that each can be cancelled in
//! logarithmic time by its [`Key`]. Within the [`Room`] that it was given nothing allocates: the kernel
//! makes room when it makes a timer, and arms it in interrupt handlers.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::collections::TryReserveError;
use alloc::vec::Vec;

/// Names an armed entry. A key of an entry that is gone names nothing, also when its place is used again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    slot: u32,
    order: u64,
}

struct Slot<T> {
    /// Of the entry that is or was here.
    order: u64,
    /// Where in the heap; meaningless if `value` is `None`.
    place: u32,
    value: Option<T>,
}

#[derive(Clone, Copy)]
struct Node {
    deadline: u64,
    /// Orders equal deadlines: first armed, first due.
    order: u64,
    slot: u32,
}

impl Node {
    fn before(&self, other: &Self) -> bool {
        (self.deadline, self.order) < (other.deadline, other.order)
    }
}

/// Memory for timers, to be given to [`TimerQueue::move_into`].
pub struct Room<T>(TimerQueue<T>);

impl<T> Room<T> {
    /// Room for `total` armed timers.
    pub fn new(total: usize) -> Result<Self, TryReserveError> {
        let mut queue = TimerQueue::new();
        queue.heap.try_reserve_exact(total)?;
        queue.slots.try_reserve_exact(total)?;
        queue.free.try_reserve_exact(total)?;
        Ok(Self(queue))
    }
}

/// The armed timers of one CPU.
pub struct TimerQueue<T> {
    heap: Vec<Node>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    armed: u64,
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> TimerQueue<T> {
    /// No timers.
    pub const fn new() -> Self {
        Self { heap: Vec::new(), slots: Vec::new(), free: Vec::new(), armed: 0 }
    }

    /// Moves all timers into other room and gives the old one back, empty. Neither allocates nor frees. Room that
    /// does not reach to the last place where a timer stands is given back instead.
    pub fn move_into(&mut self, mut room: Room<T>) -> Room<T> {
        let used = self.slots.iter().rposition(|slot| slot.value.is_some()).map_or(0, |last| last + 1);
        if used > room.0.slots.capacity() {
            return room;
        }
        self.slots.truncate(used);
        self.free.retain(|&slot| (slot as usize) < used);
        room.0.heap.append(&mut self.heap);
        room.0.slots.append(&mut self.slots);
        room.0.free.append(&mut self.free);
        room.0.armed = self.armed;
        core::mem::swap(self, &mut room.0);
        room
    }

    /// How many are armed?
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Is none armed?
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// The next deadline.
    pub fn next_deadline(&self) -> Option<u64> {
        self.heap.first().map(|node| node.deadline)
    }

    /// Arms a timer. Allocates only beyond the room.
    pub fn insert(&mut self, deadline: u64, value: T) -> Key {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { order: 0, place: 0, value: None });
            (self.slots.len() - 1) as u32
        });
        self.armed += 1;
        let order = self.armed;
        self.slots[slot as usize].value = Some(value);
        self.slots[slot as usize].order = order;
        self.heap.push(Node { deadline, order, slot });
        self.rise(self.heap.len() - 1);
        Key { slot, order }
    }

    /// Disarms a timer and gives its value back; `None` if it is not armed any more.
    pub fn cancel(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get(key.slot as usize)?;
        if slot.order != key.order || slot.value.is_none() {
            return None;
        }
        self.take(slot.place as usize)
    }

    /// The deadline of an armed timer.
    pub fn deadline(&self, key: Key) -> Option<u64> {
        let slot = self.slots.get(key.slot as usize)?;
        (slot.order == key.order && slot.value.is_some()).then(|| self.heap[slot.place as usize].deadline)
    }

    /// Takes the first timer whose deadline is not after `now`.
    pub fn pop_due(&mut self, now: u64) -> Option<(u64, T)> {
        let first = self.heap.first()?.deadline;
        if first > now {
            return None;
        }
        self.take(0).map(|value| (first, value))
    }

    fn take(&mut self, place: usize) -> Option<T> {
        let node = self.heap.swap_remove(place);
        if place < self.heap.len() {
            self.settle(place);
        }
        let slot = &mut self.slots[node.slot as usize];
        let value = slot.value.take();
        self.free.push(node.slot);
        value
    }

    fn note(&mut self, place: usize) {
        let slot = self.heap[place].slot;
        self.slots[slot as usize].place = place as u32;
    }

    fn settle(&mut self, place: usize) {
        if place > 0 && self.heap[place].before(&self.heap[(place - 1) / 2]) {
            self.rise(place);
        } else {
            self.sink(place);
        }
    }

    fn rise(&mut self, mut place: usize) {
        while place > 0 {
            let parent = (place - 1) / 2;
            if !self.heap[place].before(&self.heap[parent]) {
                break;
            }
            self.heap.swap(place, parent);
            self.note(place);
            place = parent;
        }
        self.note(place);
    }

    fn sink(&mut self, mut place: usize) {
        loop {
            let left = 2 * place + 1;
            if left >= self.heap.len() {
                break;
            }
            let right = left + 1;
            let child = if right < self.heap.len() && self.heap[right].before(&self.heap[left]) {
                right
            } else {
                left
            };
            if !self.heap[child].before(&self.heap[place]) {
                break;
            }
            self.heap.swap(place, child);
            self.note(place);
            place = child;
        }
        self.note(place);
    }
}
