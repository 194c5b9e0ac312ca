//! What belongs to a thread while it runs: address space, segment bases, floating point registers, stack.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::switch;
use super::thread::Thread;
use crate::arch::{self, FpuState};
use crate::mm::{AddressSpace, KernelStack};
use crate::{Kind, Result};

/// What only the thread itself uses, and the switch away from and to it.
pub(super) struct Context {
    pub rsp: usize,
    pub fs_base: u64,
    pub gs_base: u64,
    pub fpu: Option<FpuState>,
    /// The CPU in whose registers the floating point state and the bases were last, or [`NO_CPU`].
    pub registers_on: u32,
    pub space: Option<Arc<AddressSpace>>,
    pub stack: Option<KernelStack>,
    pub entry: Option<Box<dyn FnOnce() + Send>>,
}

impl Thread {
    /// Lends the current thread's context for the time of `use_it`, which does not wait.
    fn with_context<R>(&self, use_it: impl FnOnce(&mut Context) -> R) -> R {
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

    /// Stores the current thread's floating point registers and shows them.
    pub fn with_fpu<R>(&self, look: impl FnOnce(&FpuState) -> R) -> Result<R> {
        self.with_context(|context| context.fpu.as_mut().map(FpuState::save)).ok_or(Kind::NotSupported)?;
        // SAFETY: only the running thread changes its state: a switch during `look` stores the registers' same values.
        let state = unsafe { (*self.context.get()).fpu.as_ref() };
        Ok(look(state.ok_or(Kind::NotSupported)?))
    }

    /// Changes the current thread's floating point registers. If `change`, which does not wait, fails they stay as
    /// they were.
    pub fn change_fpu<R>(&self, change: impl FnOnce(&mut FpuState) -> Result<R>) -> Result<R> {
        self.with_context(|context| {
            let state = context.fpu.as_mut().ok_or(Kind::NotSupported)?;
            state.save();
            let result = change(state)?;
            state.restore();
            Ok(result)
        })
    }

    pub(super) fn take_entry(&self) -> Option<Box<dyn FnOnce() + Send>> {
        self.with_context(|context| context.entry.take())
    }
}
