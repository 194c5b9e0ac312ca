//! Fast calls: values that the entry stub reads from the thread without entering the kernel proper.

use exo_kernel::sched::Thread;

use crate::process::Task;

/// A call whose answer is a value kept per thread.
pub struct FastCall {
    slot: usize,
    compute: fn(&Task) -> u64,
}

impl FastCall {
    /// The call whose value is in `slot` and comes from `compute`.
    pub const fn new(slot: usize, compute: fn(&Task) -> u64) -> Self {
        Self { slot, compute }
    }
    /// Where the thread keeps the value, counted from 1.
    pub const fn slot(&self) -> usize {
        self.slot
    }
    /// The value now.
    pub fn value(&self, task: &Task) -> u64 {
        (self.compute)(task)
    }
}

macro_rules! fast_calls {
    ($($slot:literal $name:ident $compute:expr;)*) => {
        #[allow(non_upper_case_globals, missing_docs, reason = "each bears the name of its call, which says it all")]
        pub mod calls {
            use super::*;
            $(pub static $name: FastCall = FastCall::new($slot, $compute);)*
        }
        static ALL: &[&FastCall] = &[$(&calls::$name),*];
    };
}

fast_calls! {
    1 getpid |task| task.process().pid() as u64;
    2 gettid |task| task.tid() as u64;
    3 getppid |task| task.process().parent_pid() as u64;
    4 getpgrp |task| task.process().pgid() as u64;
    5 getuid |task| task.creds_snapshot().uid.into();
    6 geteuid |task| task.creds_snapshot().euid.into();
    7 getgid |task| task.creds_snapshot().gid.into();
    8 getegid |task| task.creds_snapshot().egid.into();
}

/// Stores all values of `task`, whose thread is `thread`, anew: after something they depend on has changed.
/// For the task's own thread, or before that runs.
pub fn refresh(task: &Task, thread: &Thread) {
    for call in ALL {
        thread.set_fast_value(call.slot, call.value(task));
    }
}

/// Stores one value anew, which depends on the process alone. For any thread.
pub fn refresh_one(task: &Task, call: &FastCall) {
    if let Some(thread) = task.thread() {
        thread.set_fast_value(call.slot, call.value(task));
    }
}
