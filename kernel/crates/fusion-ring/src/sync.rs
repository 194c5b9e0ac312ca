//! The atomics: those of `core`, or loom's where `--cfg loom` checks the protocols.

#[cfg(not(loom))]
pub use core::sync::atomic::{fence, AtomicU32, AtomicU64, Ordering};
#[cfg(loom)]
pub use loom::sync::atomic::{fence, AtomicU32, AtomicU64, Ordering};

/// Alone on its cache line, and on the pair of lines that some processors fetch together.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct Line<T>(pub T);
