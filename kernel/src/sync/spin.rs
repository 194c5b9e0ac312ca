//! Locks that spin: [`SpinLock`] and [`IrqLock`].
//!
//! The kernel is not preempted, so a spinning lock is held for a bounded time. Neither is ever held across a
//! sleep or user memory access.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};

use spin::mutex::{SpinMutex, SpinMutexGuard};

use super::order::{self, Rank};
use crate::arch;

/// Guards data that no interrupt handler touches.
pub struct SpinLock<T: ?Sized> {
    rank: order::Kept,
    inner: SpinMutex<T>,
}

impl<T> SpinLock<T> {
    /// An unlocked lock of an object's fields.
    pub const fn new(value: T) -> Self {
        Self::with_rank(Rank::Object, value)
    }
    /// An unlocked lock at another place in the order.
    pub const fn with_rank(rank: Rank, value: T) -> Self {
        Self { rank: order::Kept::new(rank), inner: SpinMutex::new(value) }
    }
    /// The value.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> SpinLock<T> {
    /// Waits for the lock and takes it. Interrupts are on: the holder may wait for this CPU to answer one.
    #[inline]
    pub fn lock(&self) -> SpinLockGuard<'_, T> {
        debug_assert!(
            arch::interrupts_enabled() || !crate::sched::is_running(),
            "SpinLock with interrupts off"
        );
        self.rank.acquire();
        SpinLockGuard { guard: ManuallyDrop::new(self.inner.lock()), rank: self.rank }
    }
    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> Option<SpinLockGuard<'_, T>> {
        let guard = self.inner.try_lock()?;
        self.rank.acquire();
        Some(SpinLockGuard { guard: ManuallyDrop::new(guard), rank: self.rank })
    }
    /// The value, without locking: the borrow proves that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T: Default> Default for SpinLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for SpinLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// A held [`SpinLock`].
pub struct SpinLockGuard<'a, T: ?Sized> {
    guard: ManuallyDrop<SpinMutexGuard<'a, T>>,
    rank: order::Kept,
}

impl<T: ?Sized> Deref for SpinLockGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: ?Sized> DerefMut for SpinLockGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

impl<T: ?Sized> Drop for SpinLockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard is not used again.
        unsafe { ManuallyDrop::drop(&mut self.guard) };
        self.rank.release();
    }
}

/// Guards data that interrupt handlers touch too: interrupts are off while it is held.
pub struct IrqLock<T: ?Sized> {
    rank: order::Kept,
    inner: SpinMutex<T>,
}

impl<T> IrqLock<T> {
    /// An unlocked lock of an object's fields.
    pub const fn new(value: T) -> Self {
        Self::with_rank(Rank::Object, value)
    }
    /// An unlocked lock at another place in the order.
    pub const fn with_rank(rank: Rank, value: T) -> Self {
        Self { rank: order::Kept::new(rank), inner: SpinMutex::new(value) }
    }
    /// The value.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
    /// The value of a lock that this CPU holds by a forgotten guard.
    pub(crate) fn as_ptr(&self) -> *mut T {
        self.inner.as_mut_ptr()
    }
}

impl<T: ?Sized> IrqLock<T> {
    /// Turns interrupts off, waits for the lock and takes it.
    #[inline]
    pub fn lock(&self) -> IrqLockGuard<'_, T> {
        let enabled = arch::irq_disable_save();
        self.rank.acquire();
        IrqLockGuard { guard: ManuallyDrop::new(self.inner.lock()), enabled, rank: self.rank }
    }

    /// Takes the lock where interrupts are off already.
    #[inline]
    pub(crate) fn lock_nested(&self) -> IrqLockGuard<'_, T> {
        debug_assert!(!arch::interrupts_enabled());
        self.rank.acquire();
        IrqLockGuard { guard: ManuallyDrop::new(self.inner.lock()), enabled: false, rank: self.rank }
    }

    /// The value, without locking: the borrow proves that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }

    /// Gives back a lock whose guard was forgotten, and leaves interrupts off.
    ///
    /// # Safety
    /// The lock is held on this CPU by a guard that was forgotten.
    #[inline]
    pub(crate) unsafe fn release_forgotten(&self) {
        // SAFETY: by the caller.
        unsafe { self.inner.force_unlock() };
        self.rank.release();
    }
}

impl<T: Default> Default for IrqLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// A held [`IrqLock`].
pub struct IrqLockGuard<'a, T: ?Sized> {
    guard: ManuallyDrop<SpinMutexGuard<'a, T>>,
    enabled: bool,
    rank: order::Kept,
}

impl<T: ?Sized> Deref for IrqLockGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: ?Sized> DerefMut for IrqLockGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

impl<T: ?Sized> Drop for IrqLockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the guard is not used again.
        unsafe { ManuallyDrop::drop(&mut self.guard) };
        self.rank.release();
        arch::irq_restore(self.enabled);
    }
}
