//! Waiting for several descriptors at once: `poll` and `select` ([`calls`]), [`epoll`], and the objects whose
//! only purpose is to be waited for ([`eventfd`], [`signalfd`]).
//!
//! Every object answers `poll` with its readiness and registers the wait queues behind it in a `PollTable`.

use exo_kernel::vfs::{DeviceNumber, Metadata, NodeKind, Timestamp};

pub mod epoll;
mod epoll_calls;
pub mod eventfd;
mod list;
mod select;
pub mod signalfd;
mod timeout;

pub use timeout::Timeout;

/// The handlers of this area, named as in the system-call table.
pub mod calls {
    pub use super::epoll_calls::*;
    pub use super::eventfd::calls::*;
    pub use super::list::{poll, ppoll};
    pub use super::select::{pselect6, select};
    pub use super::signalfd::calls::*;
}

/// Minor number of the device that anonymous objects report.
const ANONYMOUS_MINOR: u32 = 14;

/// What `fstat` tells of objects that are nothing but a descriptor.
pub(crate) fn anonymous_metadata() -> Metadata {
    let never = Timestamp::default();
    Metadata {
        device: DeviceNumber::new(0, ANONYMOUS_MINOR),
        inode: 1,
        kind: NodeKind::File,
        mode: 0o600,
        links: 1,
        uid: 0,
        gid: 0,
        rdev: DeviceNumber::default(),
        size: 0,
        block_size: 4096,
        blocks: 0,
        accessed: never,
        modified: never,
        changed: never,
        created: never,
    }
}
