//! From a system-call number to its handler.
//!
//! [`HANDLERS`] is made of the rows of [`posix_x_abi::syscall_table!`], and `native::HANDLERS` of those of
//! [`posix_x_abi::native_table!`], which is looked at for numbers beyond Linux's only. The three paths are three types of
//! handlers, so a row cannot claim a path that its handler does not take:
//!
//! - fast: a [`FastCall`], a value kept per thread, which the entry stub returns by itself;
//! - hybrid: `fn(&Task, arguments…) -> SysResult`;
//! - legacy: `fn(&Task, &mut UserFrame, arguments…) -> SysResult`.

pub mod args;
pub mod errno;
pub mod fast;
pub mod trace;

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use exo_kernel::arch::{self, UserFrame};
use exo_kernel::user::UserPtr;
use posix_x_abi::types::*;
use posix_x_abi::{syscall_table, SYSCALL_LIMIT};

use crate::calls;
use crate::process::Task;
use args::{Fd, FromRegister, Pid, SysResult, UserAddr, UserStr};
use errno::Errno;
use fast::FastCall;

/// A handler with typed arguments: unpacks them from the frame and calls.
type HybridFn = fn(&Task, &UserFrame) -> SysResult;
/// A handler that works on the frame.
type LegacyFn = fn(&Task, &mut UserFrame) -> SysResult;

/// Who answers a call.
#[derive(Clone, Copy)]
enum Handler {
    /// Nobody: ENOSYS.
    Absent,
    /// A value of the thread.
    Fast(&'static FastCall),
    Hybrid(HybridFn),
    Legacy(LegacyFn),
}

/// The argument registers of the frame, in order, as the types the handler wants.
macro_rules! call {
    ($f:ident, $handler:path, [$($extra:expr),*] ()) => { $handler($($extra),*) };
    ($f:ident, $handler:path, [$($extra:expr),*] ($a:ty)) => { $handler($($extra,)* <$a>::from_register($f.rdi)) };
    ($f:ident, $handler:path, [$($extra:expr),*] ($a:ty, $b:ty)) => {
        $handler($($extra,)* <$a>::from_register($f.rdi), <$b>::from_register($f.rsi))
    };
    ($f:ident, $handler:path, [$($extra:expr),*] ($a:ty, $b:ty, $c:ty)) => {
        $handler($($extra,)* <$a>::from_register($f.rdi), <$b>::from_register($f.rsi), <$c>::from_register($f.rdx))
    };
    ($f:ident, $handler:path, [$($extra:expr),*] ($a:ty, $b:ty, $c:ty, $d:ty)) => {
        $handler($($extra,)* <$a>::from_register($f.rdi), <$b>::from_register($f.rsi), <$c>::from_register($f.rdx),
            <$d>::from_register($f.r10))
    };
    ($f:ident, $handler:path, [$($extra:expr),*] ($a:ty, $b:ty, $c:ty, $d:ty, $e:ty)) => {
        $handler($($extra,)* <$a>::from_register($f.rdi), <$b>::from_register($f.rsi), <$c>::from_register($f.rdx),
            <$d>::from_register($f.r10), <$e>::from_register($f.r8))
    };
    ($f:ident, $handler:path, [$($extra:expr),*] ($a:ty, $b:ty, $c:ty, $d:ty, $e:ty, $g:ty)) => {
        $handler($($extra,)* <$a>::from_register($f.rdi), <$b>::from_register($f.rsi), <$c>::from_register($f.rdx),
            <$d>::from_register($f.r10), <$e>::from_register($f.r8), <$g>::from_register($f.r9))
    };
}

macro_rules! handler {
    (absent $path:ident $name:ident $types:tt) => { Handler::Absent };
    ($level:ident fast $name:ident ()) => { Handler::Fast(&calls::$name) };
    ($level:ident hybrid $name:ident $types:tt) => {{
        fn unpack(task: &Task, _frame: &UserFrame) -> SysResult {
            call!(_frame, calls::$name, [task] $types)
        }
        Handler::Hybrid(unpack)
    }};
    ($level:ident legacy $name:ident $types:tt) => {{
        fn unpack(task: &Task, frame: &mut UserFrame) -> SysResult {
            let registers = *frame;
            let _ = &registers;
            call!(registers, calls::$name, [task, frame] $types)
        }
        Handler::Legacy(unpack)
    }};
}

macro_rules! handlers {
    ($($number:literal $name:ident $path:ident ($($arg:ident : $kind:ty),*) $level:ident $(($what:literal))? $([$($promise:ident)*])?;)*) => {
        static HANDLERS: [Handler; LIMIT - FIRST] = {
            let mut handlers = [Handler::Absent; LIMIT - FIRST];
            $(handlers[$number - FIRST] = handler!($level $path $name ($($kind),*));)*
            handlers
        };
    };
}
const FIRST: usize = 0;
const LIMIT: usize = SYSCALL_LIMIT;
syscall_table!(handlers);

// Below the macros that it uses, too.
mod native;

/// How often each path was taken since boot.
#[derive(Default)]
pub struct PathCounts {
    /// Fast calls that the stub did not answer by itself.
    pub fast: AtomicU64,
    /// Hybrid calls.
    pub hybrid: AtomicU64,
    /// Legacy calls.
    pub legacy: AtomicU64,
    /// Calls that are not there.
    pub absent: AtomicU64,
}

/// The counters.
pub static COUNTS: PathCounts = PathCounts {
    fast: AtomicU64::new(0),
    hybrid: AtomicU64::new(0),
    legacy: AtomicU64::new(0),
    absent: AtomicU64::new(0),
};

/// Tells the entry stub which numbers it may answer by itself, from which of the thread's values, and which calls
/// leave the registers alone.
pub fn install() {
    for (number, handler) in HANDLERS.iter().enumerate() {
        match handler {
            Handler::Fast(call) => arch::set_fast_call(number, call.slot()),
            Handler::Hybrid(_) | Handler::Absent => arch::set_lean_call(number),
            Handler::Legacy(_) => {}
        }
    }
}

/// Answers the call in `frame`.
#[inline]
pub fn dispatch(task: &Task, frame: &mut UserFrame) {
    let number = frame.orig_rax as usize;
    let handler = HANDLERS.get(number).copied().unwrap_or_else(|| native::handler(number));
    let (counter, result) = match handler {
        Handler::Hybrid(call) => (&COUNTS.hybrid, call(task, frame)),
        Handler::Legacy(call) => (&COUNTS.legacy, call(task, frame)),
        Handler::Fast(call) => (&COUNTS.fast, Ok(call.value(task) as usize)),
        Handler::Absent => (&COUNTS.absent, Err(Errno::ENOSYS)),
    };
    // Counted without a locked instruction: an update lost to another CPU's does not matter.
    counter.store(counter.load(Relaxed) + 1, Relaxed);
    frame.rax = match result {
        Ok(value) => value as u64,
        Err(error) => {
            if error.0.is_restart() {
                task.request_attention();
            }
            error.to_register()
        }
    };
}
