//! Processes and threads as Linux has them.
//!
//! - [`Task`]: a thread of a program; [`Process`]: its thread group, with what all threads share;
//! - [`table`]: who exists, by number, and how they are related (parents, groups, sessions);
//! - [`clone`], [`exec`], [`exit`], [`wait`]: the life of a process;
//! - [`Session`] and its terminal, [`FsContext`] (directories and umask), [`limits`];
//! - [`calls`]: the system calls.
//!
//! Lock order: the table, then a process's signals, then a task's pending signals. What a thread alone
//! changes needs no lock to be read by itself ([`owned`]).

pub mod clone;
pub mod exec;
pub mod exit;
mod first;
mod fs_context;
mod group;
pub(crate) mod handle;
mod ids;
pub mod limits;
pub mod misc;
pub mod namespaces;
mod numbers;
pub mod owned;
pub mod pidfd;
mod prctl;
mod resources;
mod session;
pub mod table;
mod task;
pub mod usage;
pub mod vdso;
pub mod wait;

pub(crate) use first::{first, publish_first};
pub use fs_context::FsContext;
pub use group::{Image, Process};
pub use limits::Resource;
pub use session::Session;
pub use task::{current, current_or_none, Task};

/// Threads at most: as many as leave memory for something else.
pub fn max_threads() -> usize {
    const BYTES_PER_THREAD: usize = 72 << 10;
    (exo_kernel::mm::total_frames() * exo_kernel::mm::PAGE_SIZE / BYTES_PER_THREAD)
        .clamp(32, table::PID_LIMIT - 1)
}

/// The system calls of this area.
pub mod calls {
    pub use super::clone::calls::*;
    pub use super::exec::calls::*;
    pub use super::exit::calls::*;
    pub use super::ids::calls::*;
    pub use super::misc::calls::*;
    pub use super::namespaces::calls::*;
    pub use super::pidfd::calls::*;
    pub use super::prctl::calls::*;
    pub use super::resources::calls::*;
    pub use super::wait::calls::*;
    pub use crate::dispatch::fast::calls::*;
}
