//! The native Exo-OS kernel.
//!
//! Layers, downwards: devices and files ([`dev`], [`vfs`]) and message passing ([`ipc`]) stand on
//! threads and waiting ([`sched`], [`sync`], [`time`]), these on memory ([`mm`]), and all on the
//! hardware ([`arch`]). Nothing in this crate knows Linux: a personality such as POSIX-X registers
//! itself through [`user::Personality`] and calls the public API.
#![no_std]

extern crate alloc;

pub mod arch;
pub mod cap;
pub mod dev;
pub mod error;
pub mod ipc;
pub mod klog;
pub mod mm;
pub mod params;
pub mod room;
pub mod sched;
pub mod sync;
pub mod time;
pub mod user;
pub mod vfs;

pub use error::{Error, Kind, Result};
