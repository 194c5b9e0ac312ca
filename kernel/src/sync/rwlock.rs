//! A lock with many readers or one writer, whose waiters sleep.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicU32, Ordering};

use super::wait::{Sleep, WaitQueue};

/// One writer.
const WRITER: u32 = 1 << 31;
/// Somebody may sleep for the lock.
const WAITED: u32 = 1 << 30;
/// A writer waits: new readers queue behind it, so that it is not starved.
const WRITER_WAITS: u32 = 1 << 29;
const READERS: u32 = WRITER_WAITS - 1;

/// Guards data that is mostly read. One atomic operation to take and one to give back when uncontended.
/// A thread that reads never locks again for reading: a writer between the two would wait for ever.
pub struct RwLock<T: ?Sized> {
    state: AtomicU32,
    waiters: WaitQueue,
    value: UnsafeCell<T>,
}

// SAFETY: the lock gives the value to one writer or to many readers at a time.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: as above; readers share the value.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    /// An unlocked lock.
    pub const fn new(value: T) -> Self {
        Self { state: AtomicU32::new(0), waiters: WaitQueue::new(), value: UnsafeCell::new(value) }
    }
    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock for reading.
    #[inline]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        super::order::assert_may_sleep();
        if self.try_take_read().is_none() {
            self.wait(WAITED, || self.try_take_read());
        }
        RwLockReadGuard { lock: self, marker: PhantomData }
    }

    /// Takes the lock for writing.
    #[inline]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        super::order::assert_may_sleep();
        if self.state.compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed).is_err() {
            self.wait(WAITED | WRITER_WAITS, || self.try_take_write());
        }
        RwLockWriteGuard { lock: self, marker: PhantomData }
    }

    /// Takes the lock for reading if that needs no waiting.
    #[inline]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        self.try_take_read()?;
        Some(RwLockReadGuard { lock: self, marker: PhantomData })
    }

    /// Takes the lock for writing if that needs no waiting.
    #[inline]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        self.try_take_write()?;
        Some(RwLockWriteGuard { lock: self, marker: PhantomData })
    }

    /// The value, without locking: the borrow proves that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    fn try_take_read(&self) -> Option<()> {
        let mut state = self.state.load(Ordering::Relaxed);
        while state & (WRITER | WRITER_WAITS) == 0 {
            match self.state.compare_exchange_weak(state, state + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(()),
                Err(now) => state = now,
            }
        }
        None
    }

    #[inline]
    fn try_take_write(&self) -> Option<()> {
        let mut state = self.state.load(Ordering::Relaxed);
        while state & (WRITER | READERS) == 0 {
            match self.state.compare_exchange_weak(
                state,
                state | WRITER,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(()),
                Err(now) => state = now,
            }
        }
        None
    }

    #[cold]
    fn wait(&self, marks: u32, mut take: impl FnMut() -> Option<()>) {
        // Each try leaves the marks before it fails, so that whoever gives the lock back wakes us; a try that
        // comes between their clearing and our joining sees the lock free.
        let attempt = || {
            take().or_else(|| {
                self.state.fetch_or(marks, Ordering::Relaxed);
                // The lock may have become free before the marks stood.
                let state = self.state.load(Ordering::Acquire);
                if state & (WRITER | READERS) == 0 {
                    self.wake();
                    return take();
                }
                None
            })
        };
        let taken = self.waiters.wait(Sleep::Uninterruptible, None, attempt);
        debug_assert!(taken.is_ok());
    }

    /// The lock became free: forgets the marks and wakes all who wait (those who lose mark it again).
    #[cold]
    fn wake(&self) {
        self.state.fetch_and(!(WAITED | WRITER_WAITS), Ordering::Relaxed);
        self.waiters.wake_all();
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// An [`RwLock`] held for reading.
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    marker: PhantomData<*const ()>,
}

/// An [`RwLock`] held for writing.
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    marker: PhantomData<*const ()>,
}

// SAFETY: sharing the guard shares the value.
unsafe impl<T: ?Sized + Sync> Sync for RwLockReadGuard<'_, T> {}
// SAFETY: sharing the guard shares the value.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held for reading by this guard.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held for writing by this guard.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held for writing by this guard, which is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let before = self.lock.state.fetch_sub(1, Ordering::Release);
        if before & READERS == 1 && before & WAITED != 0 {
            self.lock.wake();
        }
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let before = self.lock.state.fetch_and(!WRITER, Ordering::Release);
        if before & WAITED != 0 {
            self.lock.wake();
        }
    }
}
