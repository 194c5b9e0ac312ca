//! Those who are scheduled by prediction: three calendars of virtual time.
//!
//! The queue's own virtual time passes as it would for a thread if all had their share at every moment. A thread whose
//! time is behind that has something to come. A class's [`HANDICAP`] is how far the next hotter one may get
//! ahead of it.

use crate::calendar::Calendar;
use crate::weight::{self, virtual_time};
use crate::{Entity, Node, Turn, CLASSES, QUANTUM};

/// How far others may get ahead of a class than the next hotter one, in virtual nanoseconds.
const HANDICAP: u64 = QUANTUM;
/// Nobody who waits can be further behind: more than that is a sum of rounded parts.
const FURTHEST: u64 = 10 * QUANTUM;
/// Nobody can have had more too much; keeps products in range.
const MOST_OWED: u64 = 1 << 40;

pub(crate) struct Fair<E> {
    classes: [Calendar<E>; CLASSES],
    /// The virtual time of the queue.
    now: u64,
    /// What those in the calendars weigh together.
    weight: u64,
    /// What the running thread weighs, if it is one of these.
    running: u32,
}

/// The place in the order among all classes.
#[inline]
fn key<E>(node: &Node<E>) -> u64 {
    node.virtual_time.get().wrapping_add(node.class_index() * HANDICAP)
}

/// Does `one` come so much earlier than `other`?
#[inline]
fn is_before(one: u64, other: u64, margin: u64) -> bool {
    (other.wrapping_sub(one) as i64) > margin as i64
}

impl<E> Fair<E> {
    pub const fn new() -> Self {
        Self { classes: [const { Calendar::new() }; CLASSES], now: 0, weight: 0, running: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.classes.iter().all(Calendar::is_empty)
    }

    /// A thread becomes runnable: what it missed while it did not want to run is forgotten, what it had too much of
    /// is not. `waiting` is the weight of the others that wait.
    #[inline]
    pub fn settle(&mut self, node: &Node<E>, turn: Turn, waiting: impl FnOnce(&Self) -> u64) {
        if node.relative.get() {
            node.relative.set(false);
            node.virtual_time.set(self.now.wrapping_add(node.virtual_time.get()));
        }
        if turn == Turn::Woken && is_before(node.virtual_time.get(), self.now, 0) {
            let owing = node.owing.get();
            let others = if owing > 0 { waiting(self) + u64::from(self.running) } else { 0 };
            // It had too much when it went, and has paid by sleeping: the others have that much less to come.
            let owed = owing.min(MOST_OWED) * u64::from(node.weight());
            if let Some(paid) = owed.checked_div(others) {
                let behind = self.now.wrapping_sub(node.virtual_time.get());
                self.now = self.now.wrapping_sub(paid.min(behind));
            }
            node.virtual_time.set(self.now);
        }
    }

    /// A thread stops being runnable.
    #[inline]
    pub fn leave(&self, node: &Node<E>) {
        let ahead = node.virtual_time.get().wrapping_sub(self.now) as i64;
        node.owing.set(ahead.max(0) as u64);
    }

    /// From now on the thread that weighs so much runs.
    #[inline]
    pub fn runs(&mut self, weight: u32) {
        self.running = weight;
    }

    /// The thread goes to another queue: from now on its virtual time is a difference to the queue's.
    pub fn detach(&self, node: &Node<E>) {
        if !node.relative.replace(true) {
            node.virtual_time.set(node.virtual_time.get().wrapping_sub(self.now));
        }
    }

    /// A thread ran for so long while others weighing `waiting` wanted to.
    #[inline]
    pub fn ran(&mut self, node: &Node<E>, nanoseconds: u64, waiting: u64) {
        let own = virtual_time(nanoseconds, node.weight());
        node.virtual_time.set(node.virtual_time.get().wrapping_add(own));
        let passed = if waiting == 0 {
            own
        } else if waiting == u64::from(weight::NORMAL) && node.weight() == weight::NORMAL {
            nanoseconds / 2
        } else {
            nanoseconds.wrapping_mul(weight::NORMAL.into()) / (waiting + u64::from(node.weight()))
        };
        self.now = self.now.wrapping_add(passed);
    }

    /// What those in the calendars weigh together.
    #[inline]
    pub const fn weight(&self) -> u64 {
        self.weight
    }

    pub const fn virtual_time(&self) -> u64 {
        self.now
    }

    /// Does `one` come before `other`?
    #[inline]
    pub fn is_first(one: &Node<E>, other: &Node<E>) -> bool {
        is_before(key(one), key(other), 0)
    }
}

impl<E: Entity> Fair<E> {
    #[inline]
    pub fn insert(&mut self, entity: E) {
        let node = entity.node();
        self.weight += u64::from(node.weight());
        self.classes[node.class() as usize].insert(entity);
    }

    /// The class whose turn it is, and its first's place in the order.
    #[inline]
    fn first(&mut self) -> Option<(usize, u64)> {
        let mut best: Option<(usize, u64)> = None;
        let mut least_served: Option<u64> = None;
        for (class, calendar) in self.classes.iter_mut().enumerate() {
            if let Some(front) = calendar.front() {
                let time = front.node().virtual_time.get();
                let key = time.wrapping_add(class as u64 * HANDICAP);
                if best.is_none_or(|(_, least)| is_before(key, least, 0)) {
                    best = Some((class, key));
                }
                if least_served.is_none_or(|least| is_before(time, least, 0)) {
                    least_served = Some(time);
                }
            }
        }
        if let Some(least) = least_served {
            // Somebody is behind the average, but not far.
            if is_before(self.now, least, 0) && self.running == 0 {
                self.now = least;
            } else if is_before(least, self.now, FURTHEST) {
                self.now = least.wrapping_add(FURTHEST);
            }
        }
        best
    }

    #[inline]
    pub fn pop(&mut self) -> Option<E> {
        let (class, _) = self.first()?;
        let entity = self.classes[class].pop()?;
        self.weight -= u64::from(entity.node().weight());
        Some(entity)
    }

    /// Is it the turn of a hotter one than `running`?
    pub fn has_hotter(&mut self, running: &Node<E>) -> bool {
        self.first().is_some_and(|(class, least)| {
            class < running.class() as usize && is_before(least, key(running), 0)
        })
    }

    /// All, more or less in their order, the hottest first.
    pub fn iter(&self) -> impl Iterator<Item = E> + '_ {
        self.classes.iter().flat_map(Calendar::iter)
    }

    pub fn remove(&mut self, entity: E) -> bool {
        let found = self.classes.iter_mut().any(|calendar| calendar.remove(entity));
        if found {
            self.weight -= u64::from(entity.node().weight());
        }
        found
    }
}
