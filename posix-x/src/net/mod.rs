//! Sockets. So far the family `AF_UNIX`; the others are refused with EAFNOSUPPORT.
//!
//! * [`Socket`] – a native local socket as a file, with its options
//! * [`address`] – `struct sockaddr_un` in both directions
//! * [`collect`] – sockets that only each other's messages keep open
//! * [`message`] – `struct msghdr` and the capabilities and credentials that travel in it

mod address;
mod collect;
mod connection;
mod message;
mod options;
mod socket;
mod transfer;

pub use collect::collect;
pub use socket::Socket;

/// The handlers of this area, named as in the system-call table.
pub mod calls {
    pub use super::connection::{
        accept, accept4, bind, connect, getpeername, getsockname, listen, shutdown, socket, socketpair,
    };
    pub use super::options::{getsockopt, setsockopt};
    pub use super::transfer::{recvfrom, recvmmsg, recvmsg, sendmmsg, sendmsg, sendto};
}
