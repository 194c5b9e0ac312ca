//! Local sockets (unix(7)): byte streams, datagrams and sequenced packets between processes of one
//! machine, with capabilities and credentials travelling along.
//!
//! * [`UnixSocket`] – an endpoint: unbound, listening, connected
//! * [`Inbox`] – what waits to be received, bounded; each endpoint owns one
//! * [`Names`] – who is bound to an abstract name or to a socket file

mod graves;
mod inbox;
mod names;
mod socket;

pub use inbox::{Ancillary, Peer, Received};
pub use names::{Address, FileId};
pub use socket::{Receive, ShutdownSide, SocketKind, UnixSocket};
