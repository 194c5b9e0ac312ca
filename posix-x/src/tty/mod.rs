//! `tty`: to come.

/// Its system calls.
pub mod calls {}
