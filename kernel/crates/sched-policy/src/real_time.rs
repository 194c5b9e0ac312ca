//! Those of real time: a list for each priority, and a limit for all together.

use crate::parameters::FAIR_RANK;
use crate::{Entity, List, Policy, Turn, REAL_TIME_PERIOD, REAL_TIME_SHARE, ROUND};

pub(crate) struct RealTime<E> {
    /// By rank; the first is of no priority.
    lists: [List<E>; FAIR_RANK as usize],
    /// The lists that are not empty.
    occupied: u128,
    /// When the period of the limit began, and what was used of it.
    period: u64,
    used: u64,
}

impl<E> RealTime<E> {
    pub const fn new() -> Self {
        Self { lists: [const { List::new() }; FAIR_RANK as usize], occupied: 0, period: 0, used: 0 }
    }

    /// The best rank that waits.
    #[inline]
    pub const fn best(&self) -> Option<u8> {
        if self.occupied == 0 {
            None
        } else {
            Some(self.occupied.trailing_zeros() as u8)
        }
    }

    /// One of real time ran.
    pub fn ran(&mut self, nanoseconds: u64, now: u64) {
        if now.saturating_sub(self.period) >= REAL_TIME_PERIOD {
            self.period = now;
            self.used = 0;
        }
        self.used = self.used.saturating_add(nanoseconds);
    }

    /// Did they use up what they may have while others wait?
    pub const fn is_exhausted(&self, now: u64) -> bool {
        self.used >= REAL_TIME_SHARE && now.saturating_sub(self.period) < REAL_TIME_PERIOD
    }

    /// When the limit begins anew.
    pub const fn renewal(&self) -> u64 {
        self.period.saturating_add(REAL_TIME_PERIOD)
    }
}

impl<E: Entity> RealTime<E> {
    pub fn insert(&mut self, entity: E, turn: Turn) {
        let node = entity.node();
        let round_over = node.parameters().policy == Policy::RoundRobin && node.turn.get() >= ROUND;
        let rank = usize::from(node.rank()).min(self.lists.len() - 1);
        // Who was interrupted by a more urgent one does not lose its place.
        if turn == Turn::Preempted && !round_over {
            self.lists[rank].push_front(entity);
        } else {
            node.turn.set(0);
            self.lists[rank].push_back(entity);
        }
        self.occupied |= 1 << rank;
    }

    pub fn pop(&mut self) -> Option<E> {
        let rank = usize::from(self.best()?);
        let entity = self.lists[rank].pop_front()?;
        self.note(rank);
        Some(entity)
    }

    fn note(&mut self, rank: usize) {
        if self.lists[rank].is_empty() {
            self.occupied &= !(1 << rank);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = E> + '_ {
        self.lists.iter().flat_map(List::iter)
    }

    pub fn remove(&mut self, entity: E) -> bool {
        let rank = usize::from(entity.node().rank()).min(self.lists.len() - 1);
        let found = self.lists[rank].remove(entity);
        self.note(rank);
        found
    }
}
