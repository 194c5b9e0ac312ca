//! A queue threaded through its entities.

/// A handle of something that can stand in one [`List`] at a time.
pub trait Entity: Copy + PartialEq {
    /// What stands behind this one.
    fn next(self) -> Option<Self>;
    /// Changes what stands behind this one.
    fn set_next(self, next: Option<Self>);
}

/// First in, first out.
pub struct List<E> {
    ends: Option<(E, E)>,
    length: usize,
}

impl<E: Entity> Default for List<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> List<E> {
    /// An empty queue.
    pub const fn new() -> Self {
        Self { ends: None, length: 0 }
    }

    /// How many stand in it?
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Is nobody in it?
    pub const fn is_empty(&self) -> bool {
        self.ends.is_none()
    }
}

impl<E: Entity> List<E> {
    /// Puts `entity`, which stands in no list, at the end.
    #[inline]
    pub fn push_back(&mut self, entity: E) {
        entity.set_next(None);
        self.ends = match self.ends {
            None => Some((entity, entity)),
            Some((first, last)) => {
                last.set_next(Some(entity));
                Some((first, entity))
            }
        };
        self.length += 1;
    }

    /// Takes the first.
    #[inline]
    pub fn pop_front(&mut self) -> Option<E> {
        let (first, last) = self.ends?;
        self.ends = first.next().map(|second| (second, last));
        self.length -= 1;
        Some(first)
    }

    /// All who stand in it, the first first.
    pub fn iter(&self) -> impl Iterator<Item = E> {
        core::iter::successors(self.ends.map(|(first, _)| first), |entity| entity.next())
    }

    /// Takes `entity` out wherever it stands; false if it is not here. Walks the queue.
    pub fn remove(&mut self, entity: E) -> bool {
        let Some((first, last)) = self.ends else { return false };
        if first == entity {
            self.pop_front();
            return true;
        }
        let mut before = first;
        while let Some(here) = before.next() {
            if here == entity {
                before.set_next(here.next());
                if here == last {
                    self.ends = Some((first, before));
                }
                self.length -= 1;
                return true;
            }
            before = here;
        }
        false
    }
}
