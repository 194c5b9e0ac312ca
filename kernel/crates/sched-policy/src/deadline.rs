//! Those with deadlines: the earliest first, each within a budget (a constant bandwidth server).
//!
//! A thread may run for its runtime until its deadline. When the budget is used up it waits for the start of its next
//! period, whatever else it would like to do; so one that runs too long harms no other's guarantee.

use crate::{Entity, List, Node, Turn};

pub(crate) struct Deadlines<E> {
    /// The earliest deadline first.
    ready: List<E>,
    /// Those without budget, the one that gets a new one earliest first.
    waiting: List<E>,
    /// Was there ever anybody?
    used: bool,
}

/// When the period after the one under way starts.
fn next_period<E>(node: &Node<E>) -> u64 {
    let reservation = node.parameters().reservation;
    node.due.get().saturating_sub(reservation.deadline).saturating_add(reservation.period)
}

/// A new budget and a deadline from now on.
fn begin<E>(node: &Node<E>, now: u64) {
    let reservation = node.parameters().reservation;
    node.due.set(now.saturating_add(reservation.deadline));
    node.budget.set(reservation.runtime as i64);
}

/// Can what is left of the budget still be used up until the deadline without taking more than the reserved share?
fn keeps_pace<E>(node: &Node<E>, now: u64) -> bool {
    let reservation = node.parameters().reservation;
    let left = u128::from(node.due.get().saturating_sub(now));
    let budget = node.budget.get().max(0) as u128;
    budget * u128::from(reservation.deadline) <= left * u128::from(reservation.runtime)
}

impl<E> Deadlines<E> {
    pub const fn new() -> Self {
        Self { ready: List::new(), waiting: List::new(), used: false }
    }

    pub const fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Was there ever anybody?
    #[inline]
    pub const fn is_used(&self) -> bool {
        self.used
    }

    #[inline]
    pub const fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

impl<E: Entity> Deadlines<E> {
    /// Can `entity`, which becomes runnable, run now? If not it waits here for its next period.
    pub fn admit(&mut self, entity: E, turn: Turn, now: u64) -> bool {
        self.used = true;
        let node = entity.node();
        let is_new = node.due.get() == 0;
        if is_new || turn == Turn::Woken && node.budget.get() > 0 && !keeps_pace(node, now) {
            begin(node, now);
        } else if node.budget.get() <= 0 {
            let start = next_period(node);
            if start > now {
                self.waiting.insert_before(entity, |other| next_period(other.node()) > start);
                return false;
            }
            self.renew(node, now);
        }
        true
    }

    fn renew(&self, node: &Node<E>, now: u64) {
        let reservation = node.parameters().reservation;
        // An overrun is paid for with the budgets of as many periods as it takes: the share stays what was reserved.
        let owed = node.budget.get().min(0).unsigned_abs();
        let periods = owed / reservation.runtime.max(1) + 1;
        let due = node.due.get().saturating_add(periods.saturating_mul(reservation.period));
        node.due.set(due);
        let granted = periods.saturating_mul(reservation.runtime);
        node.budget.set(node.budget.get().saturating_add_unsigned(granted));
        // Who comes too late for this period begins anew.
        if due <= now {
            begin(node, now);
        }
    }

    pub fn insert(&mut self, entity: E) {
        let due = entity.node().due.get();
        self.ready.insert_before(entity, |other| other.node().due.get() > due);
    }

    pub fn front(&self) -> Option<E> {
        self.ready.front()
    }

    pub fn pop(&mut self) -> Option<E> {
        self.ready.pop_front()
    }

    /// Takes one that waits for its next period and whose period has come, with its new budget.
    pub fn pop_renewed(&mut self, now: u64) -> Option<E> {
        let first = self.waiting.front()?;
        if next_period(first.node()) > now {
            return None;
        }
        self.renew(first.node(), now);
        self.waiting.pop_front()
    }

    /// When the first of those without budget gets a new one.
    pub fn renewal(&self) -> Option<u64> {
        self.waiting.front().map(|first| next_period(first.node()))
    }

    /// Gives up what is left of the budget.
    pub fn forgo(node: &Node<E>) {
        node.budget.set(0);
    }

    pub fn iter(&self) -> impl Iterator<Item = E> + '_ {
        self.ready.iter()
    }

    pub fn remove(&mut self, entity: E) -> bool {
        self.ready.remove(entity)
    }

    /// Takes one out that waits for its next period.
    pub fn remove_waiting(&mut self, entity: E) -> bool {
        self.waiting.remove(entity)
    }
}
