//! Threads and who runs.
//!
//! A [`Thread`] has a kernel stack and, if it runs a user program, an address space and the user's registers.
//! Each CPU keeps its runnable threads in a run queue (the policy is in the crate `sched-policy`) and its own idle
//! thread, which takes over what waits elsewhere, or halts. Kernel code is never preempted: the timer marks the thread, and it gives way on its
//! return to user mode, or where a kernel thread calls [`maybe_yield`].
//!
//! Sleeping goes through [`crate::sync::WaitQueue`]; this module only offers it [`sleep_while`] and [`wake`].

mod context;
mod cpu;
mod fpu;
mod load;
mod place;
mod record;
mod settings;
mod stack;
mod switch;
mod thread;

pub use cpu::{cpu_stats, thread_counts, CpuStats, MAX_CPUS};
pub use fpu::FpuUse;
pub use load::{load_averages, runnable_threads};
pub use place::{prepare_cpu, IdleThread};
pub use record::for_each_cpu as recorded_events;
pub use sched_policy::{
    Class, Latency, Parameters, Policy, Prediction, Reservation, Usage, QUANTUM, REAL_TIME_PERIOD,
    REAL_TIME_SHARE, ROUND,
};
pub use settings::{reserved_per_mille, SchedSettings};
pub use stack::release_kept_stacks;
pub use switch::{exit_current, idle, init, maybe_yield, refresh_entry, reschedule, yield_now};
pub(crate) use switch::{on_tick, sleep_while, wake};
pub use thread::{NewUser, Standing, Thread, ThreadState, Times, NAME_LENGTH};

use alloc::sync::Arc;

/// The running thread. The reference is good for as long as the caller itself runs.
#[inline]
pub fn current() -> &'static Thread {
    debug_assert!(!crate::arch::percpu::current_thread().is_null());
    // SAFETY: the scheduler set this pointer to a thread that it keeps alive at least until that thread, our
    // caller, has been switched away from for the last time.
    unsafe { &*crate::arch::percpu::current_thread().cast::<Thread>() }
}

/// A counted reference to the running thread.
pub fn current_arc() -> Arc<Thread> {
    current().to_arc()
}

/// Does the scheduler run yet?
pub fn is_running() -> bool {
    !crate::arch::percpu::current_thread().is_null()
}

/// How many CPUs run threads? Their numbers are below that.
pub fn online_cpus() -> usize {
    cpu::online()
}

/// The CPUs that run threads, as bits.
pub fn online_mask() -> u64 {
    cpu::online_mask()
}

/// The CPUs that run threads but this one, as bits.
pub fn other_cpus() -> u64 {
    cpu::online_mask() & !(1 << crate::arch::cpu_id())
}
