//! Local sockets (unix(7)): byte streams, datagrams and sequenced packets between processes of one
//! machine, with capabilities and credentials travelling along.
//!
//! * [`UnixSocket`] – an endpoint and its life: bind, send, receive, shut down
//! * `connect` – how connections come about: listen, connect, accept
//! * `core` – what others see of an endpoint: its inbox, its account, its name
//! * `inbox` – what waits to be received: a queue of slots ([`super::queue`]), as in a pipe
//! * `stream`, `packet` – sending and receiving
//! * `names` – who is bound to an abstract name or to a socket file
//!
//! Each direction of a connection is the queue of the endpoint that receives. A sender writes into it directly, under
//! its lock; nothing lies in between. What a message carries beside its bytes goes before them in a control slot, and,
//! where it does not fit into one, in the queue of [`Side`](inbox::Side)s that are taken out in the same order.

mod account;
mod connect;
mod core;
mod graves;
mod inbox;
mod names;
mod packet;
mod socket;
mod stream;

pub use account::Patience;
pub use inbox::{Ancillary, Peer, Received, Toll};
pub use names::{Address, FileId};
pub use socket::{Found, Receive, ShutdownSide, SocketKind, UnixSocket};
