//! System V IPC: semaphore sets, shared memory, message queues.
//!
//! - [`Namespace`]: all objects that the processes of an IPC namespace can reach, and their limits;
//! - [`registry`]: from keys and identifiers to objects; [`permissions`]: who may use an object;
//! - [`sem`] with [`undo`], [`shm`], [`msg`]: the objects; each has its system calls in a module `…_calls`.
//!
//! An object's fields are guarded by a spinning lock of its own. A thread that has to wait stands in a list of the
//! object with what it wants; whoever makes that possible does it for it, so that the order of arrival decides.

mod limits;
pub mod msg;
mod msg_calls;
mod permissions;
mod registry;
pub mod sem;
mod sem_calls;
pub mod shm;
mod shm_calls;
mod undo;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::AtomicU64;

use exo_kernel::time;

pub use limits::{Limits, MNI_LIMIT};
pub use permissions::Permissions;
pub use registry::{Object, Registry};
pub use undo::UndoList;

use crate::process::namespaces;
use crate::Errno;
use msg::MessageQueue;
use sem::SemaphoreSet;
use shm::Segment;

/// Its system calls.
pub mod calls {
    pub use super::msg_calls::*;
    pub use super::sem_calls::*;
    pub use super::shm_calls::*;
}

/// `IPC_CREAT`: make it if it is not there.
const IPC_CREAT: u32 = 0o1000;
/// `IPC_EXCL`: it must not be there yet.
const IPC_EXCL: u32 = 0o2000;
/// `IPC_NOWAIT`: fail instead of waiting.
const IPC_NOWAIT: u32 = 0o4000;

/// `IPC_RMID`: remove the object.
const IPC_RMID: i32 = 0;
/// `IPC_SET`: change owner and permissions.
const IPC_SET: i32 = 1;
/// `IPC_STAT`: tell about the object.
const IPC_STAT: i32 = 2;
/// `IPC_INFO`: tell the limits.
const IPC_INFO: i32 = 3;

/// The objects that processes can reach, and their limits.
#[derive(Default)]
pub struct Namespace {
    number: u64,
    pub sem: Registry<SemaphoreSet>,
    pub shm: Registry<Segment>,
    pub msg: Registry<MessageQueue>,
    pub limits: Limits,
    /// Semaphores in all sets.
    semaphores: Arc<AtomicU64>,
    /// Pages of all segments.
    pages: Arc<AtomicU64>,
}

impl Namespace {
    /// One without objects, with the limits that there are at boot.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { number: namespaces::next_number(), ..Self::default() })
    }

    /// What tells the namespace from others.
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// Seconds on the wall clock.
fn now() -> i64 {
    time::realtime_ns() / crate::time::SECOND as i64
}

/// A vector of `count` copies, if there is memory for it.
fn filled<T: Clone>(value: T, count: usize) -> Result<Vec<T>, Errno> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(count).map_err(|_| Errno::ENOMEM)?;
    vec.resize(count, value);
    Ok(vec)
}
