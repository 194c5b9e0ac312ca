//! A queue under its lock, and what can be seen of it without.

use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

use super::Queue;
use crate::sync::{Mutex, MutexGuard};

/// A [`Queue`] with what its owner keeps beside it, under one lock.
pub struct Shared<E> {
    inner: Mutex<(Queue, E)>,
    /// Slots, as of the last time that somebody gave the lock back.
    used: AtomicU32,
}

impl<E> Shared<E> {
    /// An empty queue.
    pub const fn new(extra: E) -> Self {
        Self { inner: Mutex::new((Queue::new(), extra)), used: AtomicU32::new(0) }
    }

    /// Slots in it, without the lock: for those who wait, and for polls. Like the tail of a ring, it is published after
    /// what is in the slots.
    #[inline]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Acquire) as usize
    }

    /// Takes the lock.
    #[inline]
    pub fn lock(&self) -> Held<'_, E> {
        Held { inner: self.inner.lock(), used: &self.used }
    }
}

/// The queue, locked.
pub struct Held<'a, E> {
    inner: MutexGuard<'a, (Queue, E)>,
    used: &'a AtomicU32,
}

impl<E> Held<'_, E> {
    /// The queue and what is kept beside it.
    #[inline]
    pub fn parts(&mut self) -> (&mut Queue, &mut E) {
        let (queue, extra) = &mut *self.inner;
        (queue, extra)
    }
    /// What is kept beside it.
    #[inline]
    pub fn extra(&self) -> &E {
        &self.inner.1
    }
}

impl<E> Deref for Held<'_, E> {
    type Target = Queue;
    #[inline]
    fn deref(&self) -> &Queue {
        &self.inner.0
    }
}

impl<E> DerefMut for Held<'_, E> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Queue {
        &mut self.inner.0
    }
}

impl<E> Drop for Held<'_, E> {
    #[inline]
    fn drop(&mut self) {
        self.used.store(self.inner.0.slots() as u32, Ordering::Release);
    }
}
