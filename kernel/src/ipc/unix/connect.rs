//! How connections come about: listen, connect, accept.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use super::account::Patience;
use super::core::{Core, Listening};
use super::inbox::Peer;
use super::socket::{Found, SocketKind, UnixSocket};
use crate::{Kind, Result};

/// A place among those that wait to be accepted, given back if nobody takes it.
struct Seat<'a>(&'a Core);

impl<'a> Seat<'a> {
    /// `None` if all are taken.
    fn reserve(target: &'a Core) -> Option<core::result::Result<Self, Kind>> {
        let mut listening = target.listening.lock();
        let Some(listening) = listening.as_mut().filter(|_| !target.inbox.is_shut()) else {
            return Some(Err(Kind::ConnectionRefused));
        };
        if listening.waiting.len() + listening.promised > listening.backlog {
            return None;
        }
        if listening.waiting.try_reserve(listening.promised + 1).is_err() {
            return Some(Err(Kind::NoMemory));
        }
        listening.promised += 1;
        Some(Ok(Self(target)))
    }

    /// Puts a connection there; gives it back if the listener is gone.
    fn take(self, server: UnixSocket) -> core::result::Result<(), UnixSocket> {
        match self.0.listening.lock().as_mut() {
            Some(listening) if !self.0.inbox.is_shut() => listening.waiting.push_back(server),
            _ => return Err(server),
        }
        self.0.inbox.tell_readable();
        Ok(())
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if let Some(listening) = &mut *self.0.listening.lock() {
            listening.promised -= 1;
        }
        self.0.inbox.tell_room();
    }
}

impl UnixSocket {
    /// As [`Self::join`], for a socket that was unconnected: of several who try at once one does it, and none while
    /// another makes a listener of it.
    fn claim(&self, other: &Arc<Core>, peer: Peer) -> Result<()> {
        let listening = self.core.listening.lock();
        if listening.is_some() {
            return Err(Kind::Invalid.into());
        }
        self.join(other, peer).then_some(()).ok_or_else(|| Kind::IsConnected.into())
    }

    /// Starts (or continues, with another backlog) to wait for connections.
    pub fn listen(&self, backlog: usize, owner: Peer) -> Result<()> {
        if self.kind() == SocketKind::Datagram {
            return Err(Kind::NotSupported.into());
        }
        if self.core.address.lock().is_none() {
            return Err(Kind::Invalid.into());
        }
        match &mut *self.core.listening.lock() {
            Some(listening) => listening.backlog = backlog,
            // Looked at under the lock, as in `claim`.
            _ if self.peer_core().is_some() => return Err(Kind::Invalid.into()),
            none => *none = Some(Listening { backlog, waiting: VecDeque::new(), promised: 0 }),
        }
        *self.core.owner.lock() = owner;
        self.core.inbox.tell_room();
        Ok(())
    }

    /// The next connection.
    pub fn accept(&self, patience: &mut Patience) -> Result<Self> {
        let inbox = &self.core.inbox;
        let next = || match &mut *self.core.listening.lock() {
            Some(listening) => {
                let next = listening.waiting.pop_front().map(Ok);
                next.or_else(|| inbox.is_shut().then(|| Err(Kind::Invalid.into())))
            }
            None => Some(Err(Kind::Invalid.into())),
        };
        let accepted = match next() {
            Some(result) => result,
            None => patience.wait(&inbox.readable, next)?,
        };
        inbox.tell_room();
        accepted
    }

    /// Connects to `target`: a listener, or for datagrams any socket.
    pub fn connect(&self, target: &Found, me: Peer, patience: &mut Patience) -> Result<()> {
        let target = &target.0;
        if target.kind != self.kind() {
            return Err(Kind::ProtocolType.into());
        }
        if self.kind() == SocketKind::Datagram {
            return self.set_destination(Some(target));
        }
        let peer = *target.owner.lock();
        let seat = match Seat::reserve(target) {
            Some(result) => result?,
            None => patience.wait(&target.inbox.room, || Seat::reserve(target))??,
        };
        let server = Self::new(self.kind(), peer);
        let address = target.address.lock().clone();
        *server.core.address.lock() = address;
        server.expect(&self.core);
        self.claim(&server.core, peer)?;
        // From here on both are connected: dropped, the listener's side ends this one.
        server.join(&self.core, me);
        // All of this end must be in place before the other can be accepted and used.
        self.expect(&server.core);
        *self.core.owner.lock() = me;
        if let Err(server) = seat.take(server) {
            // The listener was closed just now: as if that had been a moment later.
            self.core.set_reset();
            drop(server);
        }
        Ok(())
    }
}
