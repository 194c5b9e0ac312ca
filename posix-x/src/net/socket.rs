//! [`Socket`]: a native local socket as a file.

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;

use exo_kernel::cap::{ObjectKind, Rights};
use exo_kernel::ipc::unix::{Receive, SocketKind, UnixSocket};
use exo_kernel::sync::{Events, PollTable};
use exo_kernel::time::{self, Instant};
use exo_kernel::user::{IoDest, IoSource, UserPtr};
use exo_kernel::vfs::{File, Io, Metadata, NodeKind, Status};
use exo_kernel::{Kind, Result};

use super::{collect, message};
use crate::fd::FdRef;
use crate::poll::anonymous_metadata;
use crate::process::current;

/// A socket: the endpoint and the options that only matter to programs.
pub struct Socket {
    /// Its inode number, unlike any other socket's.
    number: u64,
    /// The endpoint.
    pub endpoint: Arc<UnixSocket>,
    /// `SO_PASSCRED`.
    pub pass_credentials: AtomicBool,
    /// `SO_RCVTIMEO` and `SO_SNDTIMEO` in nanoseconds; 0 for none.
    pub receive_timeout: AtomicU64,
    pub send_timeout: AtomicU64,
    /// Options that are kept for reading back, one bit each.
    pub switches: AtomicU64,
}

impl Socket {
    /// A file for an endpoint.
    pub fn new(endpoint: Arc<UnixSocket>) -> Arc<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        Arc::new(Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            endpoint,
            pass_credentials: AtomicBool::new(false),
            receive_timeout: AtomicU64::new(0),
            send_timeout: AtomicU64::new(0),
            switches: AtomicU64::new(0),
        })
    }

    /// The socket behind a capability. [`Kind::NotSocket`] if it is something else.
    pub fn of<'a>(capability: &'a FdRef) -> Result<&'a Self> {
        Self::with(capability, Rights::empty())
    }

    /// As [`of`](Self::of), if the capability gives a right to it.
    pub fn with<'a>(capability: &'a FdRef, right: Rights) -> Result<&'a Self> {
        let file = capability.file(right)?;
        if file.status().contains(Status::PATH) {
            return Err(Kind::BadHandle.into());
        }
        file.file().downcast().ok_or_else(|| Kind::NotSocket.into())
    }

    /// `SOCK_STREAM`, `SOCK_DGRAM` or `SOCK_SEQPACKET`.
    pub fn type_number(&self) -> u32 {
        match self.endpoint.kind() {
            SocketKind::Stream => 1,
            SocketKind::Datagram => 2,
            SocketKind::SequencedPacket => 5,
        }
    }

    /// When a wait that starts now ends because of `timeout`.
    pub fn deadline(timeout: &AtomicU64) -> Option<Instant> {
        match timeout.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(time::now() + Duration::from_nanos(nanos)),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.endpoint.close();
        collect::socket_closed();
    }
}

impl File for Socket {
    fn object_kind(&self) -> ObjectKind {
        ObjectKind::Channel
    }

    fn read(&self, dest: &mut IoDest, io: &mut Io) -> Result<usize> {
        let how = if io.nonblock() { Receive::NONBLOCK } else { Receive::empty() };
        let received = self.endpoint.receive(dest, how, Self::deadline(&self.receive_timeout));
        received.map(|received| received.bytes).map_err(timed_out)
    }

    fn write(&self, source: &mut IoSource, io: &mut Io) -> Result<usize> {
        let sender = message::caller_real(current());
        let deadline = Self::deadline(&self.send_timeout);
        self.endpoint.send(source, None, None, sender, io.nonblock(), deadline).map_err(timed_out)
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        self.endpoint.poll(table)
    }

    fn ioctl(&self, request: u32, argument: usize) -> Result<usize> {
        /// Bytes sent that the peer has not received: kept by the receiver here, so none.
        const SIOCOUTQ: u32 = 0x5411;
        match request {
            SIOCOUTQ => UserPtr::new(argument).write(&0i32).map(|()| 0),
            _ => Err(Kind::NotTerminal.into()),
        }
    }

    fn readable_bytes(&self) -> Result<usize> {
        if self.endpoint.listening() {
            return Err(Kind::Invalid.into());
        }
        Ok(self.endpoint.readable_bytes())
    }

    fn metadata(&self) -> Result<Metadata> {
        let mut metadata = anonymous_metadata();
        metadata.kind = NodeKind::Socket;
        metadata.mode = 0o777;
        metadata.inode = self.number;
        Ok(metadata)
    }

    fn describe(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "socket:[{}]", self.number)
    }
}

/// A send or receive that waited for its timeout (`SO_RCVTIMEO`) would have had to wait longer.
pub fn timed_out(error: exo_kernel::Error) -> exo_kernel::Error {
    if error == Kind::TimedOut {
        Kind::WouldBlock.into()
    } else {
        error
    }
}
