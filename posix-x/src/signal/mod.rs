//! Signals.
//!
//! - [`Info`]: one signal and its details; [`Pending`](pending::Pending): a queue of them;
//! - [`Handlers`]: what a process does with each; [`ProcessSignals`], [`TaskSignals`]: the state;
//! - [`send`]: who may send what to whom, and the choice of the thread that takes it;
//! - [`deliver`]: what happens on the way back to user mode, the one place that decides between EINTR and
//!   repeating a call; [`stop`]: stopping and continuing; [`frame`]: the frame on the user's stack;
//! - [`wait`]: waiting for signals, and masks that hold for one call ([`TemporaryMask`]).

mod actions;
pub mod deliver;
mod frame;
mod handlers;
mod info;
mod pending;
mod queue_calls;
pub mod send;
mod state;
mod stop;
mod wait;

pub(crate) use deliver::has_work;
pub use frame::frame_size;
pub use handlers::Handlers;
pub use info::Info;
pub use posix_x_abi::signal::number::*;
pub use posix_x_abi::signal::{code, DefaultAction, SaFlags, SigSet, SIGNAL_MAX, SIGRTMIN};
pub(crate) use queue_calls::send_checked;
pub use send::{force, raise, raise_info, send_to_group, send_to_process, send_to_task};
pub use state::{AltStack, ProcessSignals, Restart, TaskSignals};
pub(crate) use stop::{child_info, is_orphaned, report_stopped};
pub use wait::{dequeue, pending_for, read_mask, TemporaryMask};

/// The system calls of this area.
pub mod calls {
    pub use super::actions::calls::*;
    pub use super::deliver::calls::*;
    pub use super::frame::calls::*;
    pub use super::queue_calls::calls::*;
    pub use super::wait::calls::*;
}
