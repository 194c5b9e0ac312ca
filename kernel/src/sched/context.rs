//! What belongs to a thread while it runs: address space, segment bases, floating point registers, stack.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::fpu::Registers;
use super::switch;
use super::thread::Thread;
use crate::arch;
use crate::mm::{AddressSpace, KernelStack};

/// What only the thread itself uses, and the switch away from and to it.
pub(super) struct Context {
    pub rsp: usize,
    pub fs_base: u64,
    pub gs_base: u64,
    /// The CPU that got the bases last, or [`NO_CPU`](super::thread::NO_CPU).
    pub bases_on: u32,
    pub registers: Registers,
    pub space: Option<Arc<AddressSpace>>,
    pub stack: Option<KernelStack>,
    pub entry: Option<Box<dyn FnOnce() + Send>>,
}

impl Thread {
    /// Lends the current thread's context for the time of `use_it`, which does not wait.
    pub(super) fn with_context<R>(&self, use_it: impl FnOnce(&mut Context) -> R) -> R {
        debug_assert!(core::ptr::eq(self, super::current()), "only the thread itself uses its context");
        // SAFETY: the running thread's context is used by nobody else while it runs, and only here by itself.
        use_it(unsafe { &mut *self.context.get() })
    }

    /// The current thread's address space.
    #[inline]
    pub fn own_space(&self) -> Option<&Arc<AddressSpace>> {
        debug_assert!(core::ptr::eq(self, super::current()), "only the thread itself uses its context");
        // SAFETY: only the running thread replaces its space, in `set_space`, and it holds no reference to it then.
        unsafe { (*self.context.get()).space.as_ref() }
    }

    /// Any thread's address space.
    pub fn space(&self) -> Option<Arc<AddressSpace>> {
        let _change = self.space_change.lock();
        // SAFETY: the space is only replaced with this lock held.
        unsafe { (*self.context.get()).space.clone() }
    }

    /// Replaces the current thread's address space (exec), or drops it (exit), and returns the old one.
    pub fn set_space(&self, space: Option<Arc<AddressSpace>>) -> Option<Arc<AddressSpace>> {
        self.with_context(|context| {
            let old = {
                let _change = self.space_change.lock();
                core::mem::replace(&mut context.space, space)
            };
            switch::load_space(context.space.as_ref());
            old
        })
    }

    /// Sets the current thread's FS base.
    pub fn set_fs_base(&self, base: u64) {
        self.with_context(|context| context.fs_base = base);
        arch::set_fs_base(base);
    }

    /// The current thread's FS base.
    pub fn fs_base(&self) -> u64 {
        debug_assert!(core::ptr::eq(self, super::current()));
        arch::fs_base()
    }

    /// Sets the current thread's GS base, as user mode sees it.
    pub fn set_gs_base(&self, base: u64) {
        self.with_context(|context| context.gs_base = base);
        arch::set_user_gs_base(base);
    }

    pub(super) fn take_entry(&self) -> Option<Box<dyn FnOnce() + Send>> {
        self.with_context(|context| context.entry.take())
    }
}
