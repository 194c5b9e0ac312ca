//! `time`: to come.

/// Its system calls.
pub mod calls {}

/// Timers and consumed time of a process.
#[derive(Default)]
pub struct ProcessTimers {}

impl ProcessTimers {
    /// POSIX timers do not survive an exec.
    pub fn exec(&self) {}
    /// Disarms all when the process ends.
    pub fn exit(&self) {}
}
