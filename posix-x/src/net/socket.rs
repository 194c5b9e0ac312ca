//! [`Socket`]: a native local socket as a file.

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use core::time::Duration;

use exo_kernel::cap::{ObjectKind, Rights};
use exo_kernel::ipc::unix::{Ancillary, Patience, Receive, SocketKind, UnixSocket};
use exo_kernel::sync::{Events, PollTable};
use exo_kernel::user::{IoDest, IoSource, UserPtr};
use exo_kernel::vfs::{File, Io, Metadata, NodeKind, Status};
use exo_kernel::{Kind, Result};

use super::{collect, message};
use crate::fd::FdRef;
use crate::poll::anonymous_metadata;
use crate::process::current;
use posix_x_abi::uapi::net::SO_OOBINLINE;

/// A socket: the endpoint and the options that only matter to programs.
pub struct Socket {
    /// Its inode number, unlike any other socket's.
    number: u64,
    /// The endpoint.
    pub endpoint: UnixSocket,
    /// `SO_RCVTIMEO` and `SO_SNDTIMEO` in nanoseconds; 0 for none.
    pub receive_timeout: AtomicU64,
    pub send_timeout: AtomicU64,
    /// Options that are on or off, one bit each.
    pub switches: AtomicU64,
    /// `SO_RCVLOWAT`.
    pub low_water: AtomicU32,
    /// `SO_RCVBUF`, `SO_PRIORITY` and `SO_LINGER` (on, and seconds), kept for reading back.
    pub receive_buffer: AtomicU32,
    pub priority: AtomicU32,
    pub linger: AtomicU64,
}

impl Socket {
    /// A file for an endpoint.
    pub fn new(endpoint: UnixSocket) -> Arc<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        Arc::new(Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            endpoint,
            receive_timeout: AtomicU64::new(0),
            send_timeout: AtomicU64::new(0),
            switches: AtomicU64::new(0),
            low_water: AtomicU32::new(1),
            receive_buffer: AtomicU32::new(super::options::BUFFER_BYTES),
            priority: AtomicU32::new(0),
            linger: AtomicU64::new(0),
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

    /// How long a call waits that may for `timeout`, or not at all.
    #[inline]
    pub fn patience(timeout: &AtomicU64, nonblock: bool) -> Patience {
        let timeout = match timeout.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        };
        Patience::new(nonblock, timeout)
    }

    /// Is the urgent byte to be received like any other (`SO_OOBINLINE`)?
    #[inline]
    pub fn urgent_inline(&self) -> bool {
        self.switches.load(Ordering::Relaxed) >> SO_OOBINLINE & 1 != 0
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
        if dest.remaining() == 0 {
            return Ok(0);
        }
        let how = if self.urgent_inline() { Receive::URGENT_INLINE } else { Receive::empty() };
        let mut patience = Self::patience(&self.receive_timeout, io.nonblock());
        let low_water = self.low_water.load(Ordering::Relaxed) as usize;
        let received = self.endpoint.receive(dest, how, low_water, &mut patience);
        received.map(|received| received.bytes).map_err(timed_out)
    }

    fn write(&self, source: &mut IoSource, io: &mut Io) -> Result<usize> {
        let mut ancillary = Ancillary::default();
        if self.endpoint.tells_credentials(None) {
            ancillary.sender = message::caller_real(current());
        }
        let mut patience = Self::patience(&self.send_timeout, io.nonblock());
        self.endpoint.send(source, None, ancillary, false, &mut patience).map_err(timed_out)
    }

    fn poll(&self, table: Option<&mut PollTable>) -> Events {
        self.endpoint.poll(table)
    }

    fn ioctl(&self, request: u32, argument: usize) -> Result<usize> {
        const SIOCATMARK: u32 = 0x8905;
        const SIOCOUTQ: u32 = 0x5411;
        let value = match request {
            SIOCOUTQ if self.endpoint.listening() => return Err(Kind::Invalid.into()),
            SIOCOUTQ => self.endpoint.unsent_bytes() as i32,
            SIOCATMARK => i32::from(self.endpoint.at_mark()),
            _ => return Err(Kind::NotTerminal.into()),
        };
        UserPtr::new(argument).write(&value).map(|()| 0)
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
