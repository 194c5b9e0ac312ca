//! The policy: three queues, the hottest first, none starved.

use crate::{Class, Entity, List, CLASSES};

/// Why an entity joins the runnable ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// It waited and was woken, or is new.
    Woken,
    /// It had to give the CPU back although it could run on, or gave it back by itself.
    Again,
}

/// Decides who runs next on one CPU.
pub trait Policy<E: Entity> {
    /// `entity`, which is not queued, can run.
    fn enqueue(&mut self, entity: E, class: Class, turn: Turn);
    /// Takes the entity that runs next.
    fn pick(&mut self) -> Option<E>;
    /// Takes one for which `which` says yes, the most urgent first: what another CPU takes over.
    fn pick_where(&mut self, which: impl Fn(E) -> bool) -> Option<E>;
    /// Takes `entity` out; false if it is not queued.
    fn remove(&mut self, entity: E) -> bool;
    /// How many are queued?
    fn len(&self) -> usize;
    /// Is none queued?
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Should somebody of class `woken` that just became runnable interrupt one of class `running`?
    fn preempts(&self, woken: Class, running: Class) -> bool;
}

/// Times that a waiting queue is passed over before it gets a turn.
const PATIENCE: u32 = 8;

/// Hot, Normal and Cold, round-robin inside each.
pub struct ThreeQueues<E> {
    queues: [List<E>; CLASSES],
    /// How often each queue was passed over since it last had a turn.
    passed: [u32; CLASSES],
    length: usize,
}

impl<E: Entity> Default for ThreeQueues<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> ThreeQueues<E> {
    /// Nobody is runnable.
    pub const fn new() -> Self {
        Self { queues: [const { List::new() }; CLASSES], passed: [0; CLASSES], length: 0 }
    }
}

impl<E: Entity> ThreeQueues<E> {
    /// The queue whose turn it is, when more than one has somebody: the most patient if its patience is at an
    /// end, else the hottest.
    fn turn(&mut self) -> Option<usize> {
        let hottest = self.queues.iter().position(|queue| !queue.is_empty())?;
        let mut chosen = hottest;
        for index in (hottest + 1)..CLASSES {
            if self.queues[index].is_empty() {
                continue;
            }
            self.passed[index] += 1;
            if self.passed[index] > PATIENCE {
                chosen = index;
            }
        }
        self.passed[chosen] = 0;
        Some(chosen)
    }
}

impl<E: Entity> Policy<E> for ThreeQueues<E> {
    #[inline]
    fn enqueue(&mut self, entity: E, class: Class, _turn: Turn) {
        self.queues[class as usize].push_back(entity);
        self.length += 1;
    }

    #[inline]
    fn pick(&mut self) -> Option<E> {
        if self.length == 0 {
            return None;
        }
        let all = self.length;
        self.length -= 1;
        // Everybody in the hottest queue: nobody is passed over.
        if self.queues[0].len() == all {
            return self.queues[0].pop_front();
        }
        let index = self.turn()?;
        self.queues[index].pop_front()
    }

    fn pick_where(&mut self, which: impl Fn(E) -> bool) -> Option<E> {
        let found = self.queues.iter_mut().find_map(|queue| {
            let entity = queue.iter().find(|&entity| which(entity))?;
            queue.remove(entity).then_some(entity)
        })?;
        self.length -= 1;
        Some(found)
    }

    fn remove(&mut self, entity: E) -> bool {
        let found = self.queues.iter_mut().any(|queue| queue.remove(entity));
        self.length -= usize::from(found);
        found
    }

    #[inline]
    fn len(&self) -> usize {
        self.length
    }

    #[inline]
    fn preempts(&self, woken: Class, running: Class) -> bool {
        woken < running
    }
}
