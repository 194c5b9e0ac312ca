//! Fast calls: values that the entry stub reads from the thread without entering the kernel proper.

use core::sync::atomic::Ordering::Relaxed;

use crate::process::Task;

/// A call whose answer is a value kept per thread.
pub struct FastCall {
    slot: u8,
    compute: fn(&Task) -> u64,
}

impl FastCall {
    /// The call whose value is in `slot` and comes from `compute`.
    pub const fn new(slot: u8, compute: fn(&Task) -> u64) -> Self {
        Self { slot, compute }
    }
    /// Where the thread keeps the value.
    pub const fn slot(&self) -> u8 {
        self.slot
    }
    /// The value now.
    pub fn value(&self, task: &Task) -> u64 {
        (self.compute)(task)
    }
}

macro_rules! fast_calls {
    ($($slot:literal $name:ident $compute:expr;)*) => {
        #[allow(non_upper_case_globals, missing_docs)]
        pub mod calls {
            use super::*;
            $(pub static $name: FastCall = FastCall::new($slot, $compute);)*
        }
        static ALL: &[&FastCall] = &[$(&calls::$name),*];
    };
}

fast_calls! {
    0 getpid |task| task.process().pid() as u64;
    1 gettid |task| task.tid() as u64;
    2 getppid |task| task.process().parent_pid() as u64;
    3 getpgrp |task| task.process().pgid() as u64;
    4 getuid |task| task.creds().uid.into();
    5 geteuid |task| task.creds().euid.into();
    6 getgid |task| task.creds().gid.into();
    7 getegid |task| task.creds().egid.into();
}

/// Stores all values anew, after something they depend on has changed.
pub fn refresh(task: &Task) {
    let Some(thread) = task.thread() else { return };
    for call in ALL {
        thread.fast_values[call.slot as usize].store(call.value(task), Relaxed);
    }
}
