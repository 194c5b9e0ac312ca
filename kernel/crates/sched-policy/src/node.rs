//! What the policy keeps for each thread.

use core::cell::Cell;

use crate::burst::{Burst, Class};
use crate::parameters::{Parameters, Policy, FAIR_RANK};
use crate::weight;

/// A handle of a thread, which holds a [`Node`] and can stand in one queue at a time.
pub trait Entity: Copy + PartialEq {
    /// What the policy keeps for it.
    fn node(&self) -> &Node<Self>;
}

/// What a thread had of its CPUs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// How often it got a CPU.
    pub turns: u64,
    /// Nanoseconds that it was runnable and waited for one.
    pub waited: u64,
    /// The longest such wait.
    pub longest_wait: u64,
    /// Times that it was taken to another CPU.
    pub migrations: u64,
}

/// Urgency: the rank, then the class.
const RANK_SHIFT: u32 = 8;
const CLASS_MASK: u16 = 3;

/// The policy's part of a thread. Whoever has the run queue to itself has its nodes, too.
pub struct Node<E> {
    next: Cell<Option<E>>,
    parameters: Cell<Parameters>,
    weight: Cell<u32>,
    urgency: Cell<u16>,
    /// Is the class that of the predicted burst?
    predicted: Cell<bool>,
    /// Is `virtual_time` a difference to that of the queue which it joins next?
    pub(crate) relative: Cell<bool>,
    pub(crate) woken: Cell<bool>,
    pub(crate) virtual_time: Cell<u64>,
    /// By how much it was ahead of its queue when it went to sleep.
    pub(crate) owing: Cell<u64>,
    /// Since when it waits for the CPU.
    pub(crate) since: Cell<u64>,
    pub(crate) burst: Burst,
    /// With [`Policy::RoundRobin`], what it had of its turn.
    pub(crate) turn: Cell<u64>,
    /// With [`Policy::Deadline`], the nanoseconds left of its budget, and until when that is good.
    pub(crate) budget: Cell<i64>,
    pub(crate) due: Cell<u64>,
    usage: Cell<Usage>,
}

impl<E> Default for Node<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Node<E> {
    /// A new thread of the policy [`Policy::Normal`].
    pub const fn new() -> Self {
        let parameters = Parameters {
            policy: Policy::Normal,
            nice: 0,
            priority: 0,
            reservation: crate::Reservation { runtime: 0, deadline: 0, period: 0 },
        };
        let usage = Usage { turns: 0, waited: 0, longest_wait: 0, migrations: 0 };
        Self {
            next: Cell::new(None),
            parameters: Cell::new(parameters),
            weight: Cell::new(weight::NORMAL),
            urgency: Cell::new((FAIR_RANK as u16) << RANK_SHIFT | Class::Normal as u16),
            predicted: Cell::new(true),
            relative: Cell::new(true),
            woken: Cell::new(false),
            virtual_time: Cell::new(0),
            owing: Cell::new(0),
            since: Cell::new(0),
            burst: Burst::new(),
            turn: Cell::new(0),
            budget: Cell::new(0),
            due: Cell::new(0),
            usage: Cell::new(usage),
        }
    }

    /// Changes what was asked for. The thread is in no queue.
    pub fn configure(&self, parameters: Parameters) {
        let old = self.parameters.replace(parameters);
        self.weight.set(parameters.weight());
        self.predicted.set(parameters.policy == Policy::Normal);
        if old.policy != parameters.policy || old.reservation != parameters.reservation {
            self.turn.set(0);
            // A new reservation begins when the thread is queued next.
            self.due.set(0);
            self.budget.set(0);
        }
        self.set_class(self.burst.class());
    }

    #[inline]
    fn set_class(&self, class: Class) {
        let class = match self.predicted.get() {
            true => class,
            false => Class::Cold,
        };
        self.urgency.set(u16::from(self.parameters.get().rank()) << RANK_SHIFT | class as u16);
    }

    #[inline]
    fn update_class(&self, class: Class) {
        if self.predicted.get() {
            self.urgency.set(u16::from(FAIR_RANK) << RANK_SHIFT | class as u16);
        }
    }

    /// What was asked for.
    pub fn parameters(&self) -> Parameters {
        self.parameters.get()
    }

    /// What stands behind it in its queue.
    #[inline]
    pub(crate) fn set_next(&self, next: Option<E>) {
        self.next.set(next);
    }

    /// The share of time among those who are scheduled by prediction.
    #[inline]
    pub(crate) fn weight(&self) -> u32 {
        self.weight.get()
    }

    /// A lower number goes first.
    #[inline]
    pub(crate) fn urgency(&self) -> u16 {
        self.urgency.get()
    }

    /// Which goes first, whatever else: the lower one.
    #[inline]
    pub fn rank(&self) -> u8 {
        (self.urgency.get() >> RANK_SHIFT) as u8
    }

    /// The queue that it belongs to, if it is scheduled by prediction.
    #[inline]
    pub fn class(&self) -> Class {
        Class::ALL[usize::from(self.urgency.get() & CLASS_MASK).min(2)]
    }

    /// Is it scheduled by prediction?
    #[inline]
    pub(crate) fn is_fair(&self) -> bool {
        self.rank() >= FAIR_RANK
    }

    /// Past bursts and the one under way.
    pub fn burst(&self) -> &Burst {
        &self.burst
    }

    /// What it had of its CPUs.
    pub fn usage(&self) -> Usage {
        self.usage.get()
    }

    /// With [`Policy::Deadline`]: the nanoseconds left of its budget, and until when that is good.
    pub fn budget(&self) -> (i64, u64) {
        (self.budget.get(), self.due.get())
    }

    /// The thread ran for so long.
    #[inline]
    pub(crate) fn ran(&self, nanoseconds: u64) {
        self.burst.ran(nanoseconds);
    }

    /// Takes notice of how long the burst under way has become.
    #[inline]
    pub(crate) fn reconsider(&self) {
        self.update_class(self.burst.class());
    }

    /// The class as a number.
    #[inline]
    pub(crate) fn class_index(&self) -> u64 {
        u64::from(self.urgency.get() & CLASS_MASK)
    }

    /// The thread waits for something else than the CPU from now on.
    #[inline]
    pub(crate) fn slept(&self) {
        let class = self.burst.finish();
        self.update_class(class);
    }

    /// The thread gets the CPU. Returns how long it waited for it.
    #[inline]
    pub(crate) fn starts(&self, now: u64) -> u64 {
        let waited = now.saturating_sub(self.since.get());
        let mut usage = self.usage.get();
        usage.turns += 1;
        usage.waited += waited;
        usage.longest_wait = usage.longest_wait.max(waited);
        self.usage.set(usage);
        waited
    }

    /// The thread goes to another CPU.
    pub(crate) fn count_migration(&self) {
        let mut usage = self.usage.get();
        usage.migrations += 1;
        self.usage.set(usage);
    }
}

impl<E: Copy> Node<E> {
    /// What stands behind it in its queue.
    #[inline]
    pub(crate) fn next(&self) -> Option<E> {
        self.next.get()
    }
}
