//! FusionRing: lock-free rings of messages over memory that processes share.
//!
//! A ring is a control page and a power of two of 64-byte [slots](Slot), each one cache line: eight bytes of
//! header and up to [`PAYLOAD`] bytes of payload. There are rings for [one sender and one receiver](spsc), for
//! [any number of both](mpmc), for [streams of bytes](bytes), and for [an owner with a lock](local). What is larger than a slot goes into a
//! [pool](pool), and a [descriptor](Descriptor) of it into the ring ([`adaptive`]).
//!
//! The memory is the [caller's](Storage), and nothing here waits, traps or allocates on the way of a message: who
//! finds the ring empty parks by the protocol of [`park`], with the caller's means to sleep and to wake.
//!
//! **The other side is not trusted.** It may write anything anywhere in the shared memory, at any time. Positions
//! become indices only by a mask from a geometry that is kept privately; a header is read once, checked, and used;
//! a payload is copied out with atomic accesses before anybody looks at it; a descriptor is checked against the
//! pool's private bounds. So a scribbler makes messages wrong, late or lost, and nothing else.
#![no_std]

extern crate alloc;

pub mod adaptive;
pub mod bytes;
#[cfg(not(loom))]
pub mod local;
pub mod mpmc;
pub mod park;
pub mod pool;
pub mod spsc;

mod copy;
mod error;
mod layout;
mod memory;
mod message;
mod slot;
mod storage;
mod sync;

pub use error::{AttachError, RecvError, SendError};
pub use layout::{Control, Form, Geometry, CONTROL, DEFAULT_SHIFT, MAX_SHIFT, SLOT};
pub use memory::Shared;
pub use message::{Kind, Message, PAYLOAD};
pub use pool::Descriptor;
pub use slot::Slot;
pub use storage::{Contiguous, Owned, Storage};
pub use sync::Line;
