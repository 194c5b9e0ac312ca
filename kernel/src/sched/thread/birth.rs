//! How threads begin and end.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::any::{Any, TypeId};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};

use sched_policy::{Node, Parameters, Policy};

use super::{Personal, Thread, ThreadState, NAME_LENGTH, NO_CPU};
use crate::arch::percpu::ThreadCore;
use crate::arch::{self, thread::init_kernel_stack, FpuState, UserFrame};
use crate::mm::{AddressSpace, KernelStack};
use crate::sched::context::Context;
use crate::sched::fpu::{Counters, Registers};
use crate::sched::{self, cpu, stack, switch, SchedSettings};
use crate::sync::{IrqLock, Rank, SpinLock};
use crate::time::{self, SleepTimer};
use crate::{Kind, Result};

/// What a new thread is made of.
struct Parts<'a> {
    name: &'a [u8],
    id: u32,
    stack: Option<KernelStack>,
    stack_top: usize,
    user: bool,
    personal: Option<Personal>,
    settings: SchedSettings,
    affinity: u64,
}

/// What a new user thread is made of.
pub struct NewUser<'a, P> {
    pub name: &'a [u8],
    /// Its number, which the personality gives.
    pub id: u32,
    pub space: Arc<AddressSpace>,
    /// The registers that it starts with.
    pub frame: &'a UserFrame,
    pub fs_base: u64,
    pub gs_base: u64,
    /// The floating point registers that it starts with; `None` for those that a fresh program has.
    pub fpu: Option<FpuState>,
    /// What the personality wants to find with the thread.
    pub personal: Arc<P>,
}

impl Thread {
    fn assemble(parts: Parts) -> Result<Arc<Self>> {
        let context = Context {
            rsp: 0,
            fs_base: 0,
            gs_base: 0,
            bases_on: NO_CPU,
            registers: Registers::new(None),
            space: None,
            stack: parts.stack,
            entry: None,
        };
        let thread = Arc::new(Self {
            core: ThreadCore::default(),
            state: AtomicU32::new(ThreadState::New as u32),
            cpu: AtomicU32::new(arch::cpu_id()),
            affinity: AtomicU64::new(parts.affinity),
            confined_to: AtomicU32::new(NO_CPU),
            stack_top: parts.stack_top,
            user: parts.user,
            intercepted: AtomicBool::new(false),
            context: UnsafeCell::new(context),
            node: Node::new(),
            sleep_timer: SleepTimer::new()?,
            ran: AtomicU64::new(0),
            user_samples: AtomicU32::new(0),
            system_samples: AtomicU32::new(0),
            voluntary: AtomicU64::new(0),
            involuntary: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            fpu: Counters::new(),
            told: IrqLock::with_rank(Rank::Leaf, (0, 0)),
            space_change: SpinLock::with_rank(Rank::Leaf, ()),
            settings: IrqLock::with_rank(Rank::Leaf, parts.settings),
            personal: parts.personal,
            id: AtomicU32::new(parts.id),
            started: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            birth: time::now().as_nanos(),
            name: IrqLock::with_rank(Rank::Leaf, ([0; NAME_LENGTH], 0)),
            this: AtomicPtr::new(core::ptr::null_mut()),
        });
        thread.this.store(Arc::as_ptr(&thread).cast_mut(), Ordering::Relaxed);
        thread.node.configure(parts.settings.parameters);
        thread.set_name(parts.name);
        Ok(thread)
    }

    fn with_stack(name: &[u8], user: bool, id: u32, personal: Option<Personal>) -> Result<Arc<Self>> {
        let (settings, affinity) = match user {
            true => {
                let maker = sched::current();
                (maker.settings().inherited().ok_or(Kind::WouldBlock)?, maker.affinity())
            }
            false => (SchedSettings::default(), u64::MAX),
        };
        let stack = stack::take()?;
        let stack_top = stack.top();
        let thread = Self::assemble(Parts {
            name,
            id,
            stack: Some(stack),
            stack_top,
            user,
            personal,
            settings,
            affinity,
        })?;
        // SAFETY: the stack is new, and the thread not started: nobody else uses either.
        unsafe {
            let argument = Arc::as_ptr(&thread) as usize;
            (*thread.context.get()).rsp = init_kernel_stack(stack_top, switch::thread_main, argument);
        }
        Ok(thread)
    }

    /// A kernel thread that is not started yet.
    pub fn new_kernel(name: &str, body: Box<dyn FnOnce() + Send>) -> Result<Arc<Self>> {
        let thread = Self::with_stack(name.as_bytes(), false, 0, None)?;
        // SAFETY: the thread is not started: nobody else uses its context.
        unsafe { (*thread.context.get()).entry = Some(body) };
        Ok(thread)
    }

    /// Makes and starts a kernel thread; it ends when `body` returns.
    pub fn spawn_kernel(name: &str, body: Box<dyn FnOnce() + Send>) -> Result<Arc<Self>> {
        let thread = Self::new_kernel(name, body)?;
        thread.start();
        Ok(thread)
    }

    /// A thread that will run in user mode; not started yet.
    pub fn new_user<P: Any + Send + Sync>(new: NewUser<P>) -> Result<Arc<Self>> {
        let data = Arc::as_ptr(&new.personal).cast();
        let personal = Personal { object: new.personal, data, type_id: TypeId::of::<P>() };
        let thread = Self::with_stack(new.name, true, new.id, Some(personal))?;
        // SAFETY: the thread is not started: nobody else uses its context and stack; the frame's place at the
        // top of the stack is left alone by `init_kernel_stack`.
        unsafe {
            let context = &mut *thread.context.get();
            context.space = Some(new.space);
            context.fs_base = new.fs_base;
            context.gs_base = new.gs_base;
            context.registers = Registers::new(new.fpu);
            ((thread.stack_top - size_of::<UserFrame>()) as *mut UserFrame).write(*new.frame);
        }
        Ok(thread)
    }

    /// The thread that the boot code becomes: on a stack of its own, already running.
    pub(in crate::sched) fn adopt(name: &str, stack_top: usize) -> Result<Arc<Self>> {
        // What boots comes before all that it starts, and they do not inherit that.
        let parameters = Parameters { policy: Policy::Fifo, priority: 1, ..Parameters::default() };
        let settings = SchedSettings { parameters, reset_on_fork: true, ..SchedSettings::default() };
        let parts = Parts {
            name: name.as_bytes(),
            id: 0,
            stack: None,
            stack_top,
            user: false,
            personal: None,
            settings,
            affinity: u64::MAX,
        };
        let thread = Self::assemble(parts)?;
        thread.set_state(ThreadState::Runnable);
        thread.started.store(true, Ordering::Relaxed);
        Ok(thread)
    }

    /// The idle thread of this CPU, which is never in a run queue.
    pub(in crate::sched) fn new_idle(body: Box<dyn FnOnce() + Send>) -> Result<Arc<Self>> {
        let thread = Self::with_stack(b"idle", false, 0, None)?;
        // SAFETY: the thread is not started: nobody else uses its context.
        unsafe { (*thread.context.get()).entry = Some(body) };
        thread.set_state(ThreadState::Runnable);
        thread.started.store(true, Ordering::Relaxed);
        Ok(thread)
    }

    /// Makes the thread runnable for the first time. Later calls do nothing.
    pub fn start(&self) {
        if self.started.swap(true, Ordering::AcqRel) {
            return;
        }
        // The scheduler's own count, given back when the thread is reaped.
        let counted = Arc::into_raw(self.to_arc());
        // SAFETY: the count just taken keeps the thread alive until `reap`.
        let thread: &'static Thread = unsafe { &*counted };
        cpu::add_thread();
        switch::enqueue_new(thread);
    }

    /// Gives back what the scheduler held of a thread that ended and whose stack nobody uses any more.
    ///
    /// # Safety
    /// The thread is dead and was switched away from; this is called once.
    pub(in crate::sched) unsafe fn reap(thread: &'static Thread) {
        cpu::remove_thread();
        // SAFETY: the thread has ended: nobody else uses its context.
        if let Some(stack) = unsafe { (*thread.context.get()).stack.take() } {
            stack::give(stack);
        }
        // SAFETY: the count was made by `start` (or `adopt`'s caller) with `Arc::into_raw`.
        drop(unsafe { Arc::from_raw(thread) });
    }
}
