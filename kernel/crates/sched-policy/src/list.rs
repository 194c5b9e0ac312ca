//! A queue threaded through its entities.

use crate::Entity;

/// First in, first out. Each entity points to the one behind it, the last one to the first.
pub struct List<E> {
    last: Option<E>,
}

impl<E: Entity> Default for List<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> List<E> {
    /// An empty queue.
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// Is nobody in it?
    pub const fn is_empty(&self) -> bool {
        self.last.is_none()
    }
}

impl<E: Entity> List<E> {
    /// Puts `entity`, which stands in no list, at the end.
    #[inline]
    pub fn push_back(&mut self, entity: E) {
        self.push_front(entity);
        self.last = Some(entity);
    }

    /// Puts `entity`, which stands in no list, at the start.
    #[inline]
    pub fn push_front(&mut self, entity: E) {
        match self.last {
            None => {
                entity.node().set_next(Some(entity));
                self.last = Some(entity);
            }
            Some(last) => {
                entity.node().set_next(last.node().next());
                last.node().set_next(Some(entity));
            }
        }
    }

    /// Puts `entity`, which stands in no list, before the first for which `is_behind` says yes.
    pub fn insert_before(&mut self, entity: E, is_behind: impl Fn(E) -> bool) {
        let (Some(last), Some(first)) = (self.last, self.front()) else { return self.push_back(entity) };
        if is_behind(first) {
            return self.push_front(entity);
        }
        let mut before = first;
        while before != last {
            let Some(here) = before.node().next() else { break };
            if is_behind(here) {
                entity.node().set_next(Some(here));
                return before.node().set_next(Some(entity));
            }
            before = here;
        }
        self.push_back(entity);
    }

    /// The first.
    #[inline]
    pub fn front(&self) -> Option<E> {
        self.last?.node().next()
    }

    /// Takes the first.
    #[inline]
    pub fn pop_front(&mut self) -> Option<E> {
        let last = self.last?;
        let first = last.node().next()?;
        if first == last {
            self.last = None;
        } else {
            last.node().set_next(first.node().next());
        }
        Some(first)
    }

    /// All who stand in it, the first first.
    pub fn iter(&self) -> impl Iterator<Item = E> + '_ {
        core::iter::successors(self.front(), move |&entity| {
            entity.node().next().filter(|_| Some(entity) != self.last)
        })
    }

    /// Takes `entity` out wherever it stands; false if it is not here. Walks the queue.
    pub fn remove(&mut self, entity: E) -> bool {
        let Some(last) = self.last else { return false };
        let mut before = last;
        while let Some(here) = before.node().next() {
            if here == entity {
                if before == here {
                    self.last = None;
                } else {
                    before.node().set_next(here.node().next());
                    if here == last {
                        self.last = Some(before);
                    }
                }
                return true;
            }
            if here == last {
                return false;
            }
            before = here;
        }
        false
    }
}
