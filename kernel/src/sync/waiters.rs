//! Threads in a list, by nodes on their own stacks.
//!
//! [`Waiters`] is what wait queues and futexes have in common: who waits, in order of arrival, and the hand-shake of
//! [`Link`] by which a waiter knows that its waker is done with it.

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::sched::{self, Thread};

/// Does a waiter stand in its queue?
///
/// A waker first says that it wakes the waiter, then wakes the thread, then lets go of both. The thread looks after it
/// has announced its sleep: either it sees that it is being woken, or the waker sees it asleep. And it waits until
/// the waker has let go before it uses the waiter again or leaves the stack that it lies on.
pub(crate) struct Link(AtomicU32);

impl Link {
    const LOOSE: u32 = 0;
    const LINKED: u32 = 1;
    const WAKING: u32 = 2;

    /// Stands in no queue.
    pub const fn new() -> Self {
        Self(AtomicU32::new(Self::LOOSE))
    }

    /// Stands in a queue, which is locked.
    #[inline]
    pub fn set(&self) {
        self.0.store(Self::LINKED, Ordering::Relaxed);
    }

    /// Left the queue, which is locked, by itself.
    #[inline]
    pub fn clear(&self) {
        self.0.store(Self::LOOSE, Ordering::Relaxed);
    }

    /// Stands in the queue, and nobody is about to wake it.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst) == Self::LINKED
    }

    /// Wakes the thread. `self` and `thread` are valid until this returns, and maybe not afterwards.
    #[inline]
    pub fn wake(&self, thread: &'static Thread) {
        // Ordered before the look at the thread's state.
        self.0.swap(Self::WAKING, Ordering::SeqCst);
        sched::wake(thread);
        self.0.store(Self::LOOSE, Ordering::Release);
    }

    /// Waits for whoever is waking it to let go.
    #[inline]
    pub fn settle(&self) {
        while self.0.load(Ordering::Acquire) == Self::WAKING {
            core::hint::spin_loop();
        }
    }
}

/// The current thread as a member of a list, and what it waits for. Lives on that thread's stack.
pub(crate) struct Waiter<T> {
    next: Cell<*const Self>,
    previous: Cell<*const Self>,
    /// Who waits.
    pub thread: &'static Thread,
    /// Is it in its list?
    pub link: Link,
    /// What it waits for.
    pub what: T,
}

impl<T> Waiter<T> {
    /// The current thread, in no list.
    #[inline]
    pub fn new(what: T) -> Self {
        let nobody = ptr::null();
        Self {
            next: Cell::new(nobody),
            previous: Cell::new(nobody),
            thread: sched::current(),
            link: Link::new(),
            what,
        }
    }

    /// Wakes it, once it is out of its list. Valid until this returns, and maybe not afterwards.
    #[inline]
    pub fn wake(&self) {
        self.link.wake(self.thread);
    }
}

/// Waiters in order of arrival.
pub(crate) struct Waiters<T> {
    first: *const Waiter<T>,
    last: *const Waiter<T>,
}

// SAFETY: the nodes are reached only through the list, whose owner locks it, and each stays valid while it is linked.
unsafe impl<T> Send for Waiters<T> {}

impl<T> Waiters<T> {
    /// Nobody.
    pub const fn new() -> Self {
        Self { first: ptr::null(), last: ptr::null() }
    }

    /// Appends a waiter.
    ///
    /// # Safety
    ///
    /// It is in no list, and stays valid until it was removed from this one.
    #[inline]
    pub unsafe fn push(&mut self, waiter: &Waiter<T>) {
        waiter.next.set(ptr::null());
        waiter.previous.set(self.last);
        if self.last.is_null() {
            self.first = waiter;
        } else {
            // SAFETY: a linked node is valid.
            unsafe { (*self.last).next.set(waiter) };
        }
        self.last = waiter;
    }

    /// Takes a waiter out.
    ///
    /// # Safety
    ///
    /// It is in this list.
    #[inline]
    pub unsafe fn remove(&mut self, waiter: &Waiter<T>) {
        let (previous, next) = (waiter.previous.get(), waiter.next.get());
        if previous.is_null() {
            self.first = next;
        } else {
            // SAFETY: a linked node's neighbours are linked, hence valid.
            unsafe { (*previous).next.set(next) };
        }
        if next.is_null() {
            self.last = previous;
        } else {
            // SAFETY: as above.
            unsafe { (*next).previous.set(previous) };
        }
    }

    /// Takes out each waiter that is `wanted`, in order, until `count` were taken, and hands it to `taken`. Returns
    /// how many.
    #[inline]
    pub fn take(
        &mut self,
        count: usize,
        mut wanted: impl FnMut(&T) -> bool,
        mut taken: impl FnMut(&mut Self, &Waiter<T>),
    ) -> usize {
        let mut number = 0;
        let mut here = self.first;
        while number < count && !here.is_null() {
            // SAFETY: a linked node is valid, and stays so until `taken` lets go of it.
            let waiter = unsafe { &*here };
            here = waiter.next.get();
            if wanted(&waiter.what) {
                // SAFETY: it is in this list.
                unsafe { self.remove(waiter) };
                taken(self, waiter);
                number += 1;
            }
        }
        number
    }
}
