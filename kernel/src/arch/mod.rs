//! The machine: the only place that touches hardware.

pub mod x86_64;
pub use x86_64::*;
