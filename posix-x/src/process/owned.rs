//! [`Owned`]: a value that one thread replaces and everybody may look at.
//!
//! What a thread holds (descriptors, credentials, directories) is read by itself at every system call and by
//! others hardly ever. So the owner reads without a lock, and the lock is for others and for replacing.

use core::cell::UnsafeCell;

use exo_kernel::sync::IrqLock;

/// A value read freely by its owner thread and through a lock by others. See [`super::Task`].
pub struct Owned<T> {
    /// Held by the owner while it replaces the value and by others while they read it.
    lock: IrqLock<()>,
    value: UnsafeCell<T>,
}

// SAFETY: others only clone the value (`T: Sync` allows that from a shared reference) and only with the lock
// held, which excludes the one writer, the owner.
unsafe impl<T: Send + Sync> Sync for Owned<T> {}

impl<T: Clone> Owned<T> {
    /// A value whose owner is yet to run.
    pub const fn new(value: T) -> Self {
        Self { lock: IrqLock::new(()), value: UnsafeCell::new(value) }
    }

    /// A copy, for anybody.
    pub fn snapshot(&self) -> T {
        let _guard = self.lock.lock();
        // SAFETY: the lock excludes the writer.
        unsafe { (*self.value.get()).clone() }
    }

    /// The value, for the owner.
    ///
    /// # Safety
    /// The caller is the owner thread (or the owner cannot run), and does not [`Self::replace`] the value
    /// while it has the reference.
    #[inline(always)]
    pub unsafe fn get(&self) -> &T {
        // SAFETY: only the owner writes, which is the caller.
        unsafe { &*self.value.get() }
    }

    /// Puts another value there and returns the old one.
    ///
    /// # Safety
    /// As for [`Self::get`]; no reference from it is used afterwards.
    pub unsafe fn replace(&self, value: T) -> T {
        let _guard = self.lock.lock();
        // SAFETY: the owner is the only one who reads without the lock, and it holds no reference.
        unsafe { core::mem::replace(&mut *self.value.get(), value) }
    }
}
