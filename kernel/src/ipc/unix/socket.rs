//! Endpoints and their life: bind, send, receive, shut down, close.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::sync::atomic::Ordering;

use bitflags::bitflags;
use spin::Once;

use super::account::Patience;
use super::core::Core;
use super::graves;
use super::inbox::{Ancillary, Peer, Received};
use super::names::{self, Address};
use crate::cap::Capability;
use crate::sync::{Events, PollTable, SpinLock};
use crate::user::{IoDest, IoSource};
use crate::{Kind, Result};

/// How bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketKind {
    Stream,
    Datagram,
    SequencedPacket,
}

bitflags! {
    /// How to receive.
    #[derive(Clone, Copy, Debug)]
    pub struct Receive: u32 {
        /// Leave it in the queue.
        const PEEK = 1;
        /// Wait until the buffer is full (streams).
        const ALL = 2;
        /// The urgent byte is one among the others.
        const URGENT_INLINE = 4;
    }
    /// Which way is shut.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ShutdownSide: u8 {
        const RECEIVE = 1;
        const SEND = 2;
    }
}

/// An endpoint that was found by its name.
pub struct Found(pub(super) Arc<Core>);

impl Found {
    /// How bytes travel.
    pub fn kind(&self) -> SocketKind {
        self.0.kind
    }
}

/// A connection of a stream or of sequenced packets, which lasts as long as the endpoint.
struct Connection {
    core: Arc<Core>,
    /// The process at the other end when it was made.
    peer: Peer,
}

/// An endpoint.
pub struct UnixSocket {
    pub(super) core: Arc<Core>,
    connection: Once<Connection>,
    /// A datagram socket's default destination.
    destination: SpinLock<Option<Arc<Core>>>,
}

impl UnixSocket {
    /// An unconnected, unbound endpoint.
    pub fn new(kind: SocketKind, owner: Peer) -> Self {
        Self { core: Core::new(kind, owner), connection: Once::new(), destination: SpinLock::new(None) }
    }

    /// Two connected endpoints.
    pub fn pair(kind: SocketKind, owner: Peer) -> (Self, Self) {
        let (a, b) = (Self::new(kind, owner), Self::new(kind, owner));
        for (one, other) in [(&a, &b), (&b, &a)] {
            one.expect(&other.core);
            one.join(&other.core, owner);
            if kind == SocketKind::Datagram {
                *one.destination.lock() = Some(other.core.clone());
            }
        }
        (a, b)
    }

    /// Gets ready for what `other` sends.
    pub(super) fn expect(&self, other: &Arc<Core>) {
        self.core.peer.store(other.id(), Ordering::Release);
        if self.kind() == SocketKind::Stream {
            // What comes from there is charged there; packets know for themselves.
            self.core.inbox.contents.lock().parts().1.account = Some(other.account.clone());
        }
    }

    /// From now on `other`, who is `peer`, is at the other end. False if somebody is already.
    pub(super) fn join(&self, other: &Arc<Core>, peer: Peer) -> bool {
        let mut joined = false;
        self.connection.call_once(|| {
            joined = true;
            Connection { core: other.clone(), peer }
        });
        joined
    }

    /// How bytes travel.
    #[inline]
    pub fn kind(&self) -> SocketKind {
        self.core.kind
    }

    /// The other end of a connection.
    #[inline]
    pub(super) fn peer_core(&self) -> Option<&Arc<Core>> {
        self.connection.get().map(|connection| &connection.core)
    }

    /// A datagram socket's destination.
    pub(super) fn destination(&self) -> Option<Arc<Core>> {
        self.destination.lock().clone()
    }

    fn any_peer(&self) -> Option<Arc<Core>> {
        if self.kind() == SocketKind::Datagram {
            self.destination()
        } else {
            self.peer_core().cloned()
        }
    }

    /// The name it is bound to.
    pub fn address(&self) -> Option<Arc<Address>> {
        self.core.address.lock().clone()
    }

    /// The other end's name. [`Kind::NotConnected`] if there is no other end.
    pub fn peer_address(&self) -> Result<Option<Arc<Address>>> {
        let peer = self.any_peer().ok_or(Kind::NotConnected)?;
        let address = peer.address.lock().clone();
        Ok(address)
    }

    /// Who is (or was) at the other end of the connection; a listener is its own peer.
    pub fn peer(&self) -> Peer {
        if self.listening() {
            return *self.core.owner.lock();
        }
        self.connection.get().map_or(Peer::NOBODY, |connection| connection.peer)
    }

    /// Is it waiting for connections?
    pub fn listening(&self) -> bool {
        self.core.listening.lock().is_some()
    }

    /// Takes the pending error (`SO_ERROR`).
    pub fn take_error(&self) -> Option<Kind> {
        self.core.take_error()
    }

    /// Is it told who sent what it receives (`SO_PASSCRED`)?
    pub fn passes_credentials(&self) -> bool {
        self.core.pass_credentials.load(Ordering::Relaxed)
    }
    pub fn pass_credentials(&self, on: bool) {
        self.core.pass_credentials.store(on, Ordering::Relaxed);
    }
    /// Does anybody want to know who sends, this end or the one that it sends to?
    #[inline]
    pub fn tells_credentials(&self, to: Option<&Found>) -> bool {
        let asks = |core: &Core| core.pass_credentials.load(Ordering::Relaxed);
        if asks(&self.core) {
            return true;
        }
        match to {
            Some(to) => asks(&to.0),
            None if self.kind() == SocketKind::Stream => self.peer_core().is_some_and(|peer| asks(peer)),
            None => self.any_peer().is_some_and(|peer| asks(&peer)),
        }
    }

    /// What may be under way at most (`SO_SNDBUF`).
    pub fn send_limit(&self) -> usize {
        self.core.account.limit()
    }
    pub fn set_send_limit(&self, bytes: usize) {
        self.core.account.set_limit(bytes);
    }
    /// Where `MSG_PEEK` begins, if not at the front (`SO_PEEK_OFF`).
    pub fn peek_offset(&self) -> Option<usize> {
        self.core.inbox.contents.lock().extra().peek_at
    }
    pub fn set_peek_offset(&self, at: Option<usize>) {
        self.core.inbox.contents.lock().parts().1.peek_at = at;
    }

    /// Bytes that wait (`FIONREAD`): for datagrams, those of the first.
    pub fn readable_bytes(&self) -> usize {
        match self.kind() {
            SocketKind::Datagram => self.first_packet_bytes(),
            _ => self.core.inbox.contents.lock().extra().bytes,
        }
    }
    /// What was sent and not received yet (`SIOCOUTQ`), with what Linux counts for each message.
    pub fn unsent_bytes(&self) -> usize {
        self.core.account.charged()
    }

    /// Binds to a name. [`Kind::Invalid`] if it has one.
    pub fn bind(&self, address: Address) -> Result<()> {
        // Under the lock to the end: of two that bind at once, one would leave its name behind.
        let mut own = self.core.address.lock();
        if own.is_some() {
            return Err(Kind::Invalid.into());
        }
        names::bind(&address, &self.core)?;
        *own = Some(Arc::new(address));
        Ok(())
    }

    /// Sets or takes away a datagram socket's destination.
    pub(super) fn set_destination(&self, target: Option<&Arc<Core>>) -> Result<()> {
        if let Some(target) = target {
            let other = target.peer.load(Ordering::Acquire);
            if other != 0 && other != self.core.id() {
                return Err(Kind::NotPermitted.into());
            }
        }
        let old = core::mem::replace(&mut *self.destination.lock(), target.cloned());
        self.core.peer.store(target.map_or(0, |target| target.id()), Ordering::Release);
        if old.as_ref().map(|old| old.id()) != target.map(|target| target.id()) {
            if let Some(old) = old {
                self.forget_packets(Some(&old));
            }
        }
        Ok(())
    }

    /// Dissolves a datagram socket's default destination (`connect` with `AF_UNSPEC`).
    pub fn disconnect(&self) {
        // Without a target there is nothing to refuse.
        let _ = self.set_destination(None);
    }

    /// Sends bytes, and with the first of them `ancillary`, to `to` or the connected peer; the last one urgently if
    /// so wished (streams).
    #[inline]
    pub fn send(
        &self,
        source: &mut IoSource,
        to: Option<Found>,
        ancillary: Ancillary,
        urgent: bool,
        patience: &mut Patience,
    ) -> Result<usize> {
        if self.kind() == SocketKind::Stream {
            return self.send_stream(source, ancillary, urgent, patience);
        }
        self.send_packet(source, to.map(|found| found.0), ancillary, patience)
    }

    /// Receives bytes or a message; of a stream at least `low_water` bytes, if the destination has room for so many. A
    /// stream's end is 0 bytes.
    #[inline]
    pub fn receive(
        &self,
        dest: &mut IoDest,
        how: Receive,
        low_water: usize,
        patience: &mut Patience,
    ) -> Result<Received> {
        if self.kind() == SocketKind::Stream {
            return self.receive_stream(dest, how, low_water, patience);
        }
        self.receive_packet(dest, how, patience)
    }

    /// Receives the urgent byte. [`Kind::Invalid`] if there is none, [`Kind::NotSupported`] but for streams.
    pub fn receive_out_of_band(&self, dest: &mut IoDest, how: Receive) -> Result<usize> {
        if self.kind() != SocketKind::Stream {
            return Err(Kind::NotSupported.into());
        }
        self.receive_urgent(dest, how)
    }

    /// Shuts one way or both.
    pub fn shut_down(&self, sides: ShutdownSide) {
        let shut = |core: &Core, sides: ShutdownSide| {
            if sides.contains(ShutdownSide::RECEIVE) {
                core.shut_receiving();
            }
            if sides.contains(ShutdownSide::SEND) {
                core.account.shut();
            }
            core.wake_all();
        };
        shut(&self.core, sides);
        if let Some(peer) = self.peer_core().filter(|_| self.kind() != SocketKind::Datagram) {
            let mut other = ShutdownSide::empty();
            other.set(ShutdownSide::SEND, sides.contains(ShutdownSide::RECEIVE));
            other.set(ShutdownSide::RECEIVE, sides.contains(ShutdownSide::SEND));
            shut(peer, other);
        }
    }

    /// Readiness for poll.
    pub fn poll(&self, table: Option<&mut PollTable>) -> Events {
        let core = &*self.core;
        let datagram = self.kind() == SocketKind::Datagram;
        let stranger = if datagram { self.destination().filter(|peer| !peer.is_peer_of(core)) } else { None };
        if let Some(table) = table {
            table.register(&core.inbox.readable);
            table.register(&core.account.writable);
            if let Some(peer) = &stranger {
                table.register(&peer.inbox.room);
            }
        }
        let mut events = Events::empty();
        events.set(Events::ERR, core.has_error());
        let ended = core.inbox.is_shut();
        let mut readable = ended || !core.inbox.is_empty();
        let mut writable = core.account.is_writable();
        events.set(Events::RDHUP, ended);
        let mut hang_up = ended && core.account.is_shut();
        if !datagram && self.peer_core().is_none() {
            match &*core.listening.lock() {
                Some(listening) => {
                    readable |= !listening.waiting.is_empty();
                    writable = false;
                }
                None => hang_up = true,
            }
        }
        if stranger.is_some_and(|peer| peer.inbox.is_crowded()) {
            writable = false;
        }
        events.set(Events::IN | Events::RDNORM, readable);
        events.set(Events::OUT | Events::WRNORM | Events::WRBAND, writable);
        events.set(Events::HUP, hang_up);
        events.set(Events::PRI, core.inbox.urgent.load(Ordering::Acquire));
        events
    }

    /// Calls `visit` with every capability that waits here to be received, also in connections that wait to be
    /// accepted.
    pub fn visit_rights(&self, visit: &mut dyn FnMut(&Capability)) {
        self.core.inbox.visit_rights(visit);
        // Their inboxes sleep when locked: each is taken out from under the list's lock.
        let mut place = 0;
        loop {
            let waiting = match &*self.core.listening.lock() {
                Some(listening) => listening.waiting.get(place).map(|server| server.core.clone()),
                None => None,
            };
            let Some(core) = waiting else { return };
            core.inbox.visit_rights(visit);
            place += 1;
        }
    }

    /// Drops everything that waits here to be received, and to be accepted.
    pub fn discard_messages(&self) {
        let waiting = match &mut *self.core.listening.lock() {
            Some(listening) => core::mem::take(&mut listening.waiting),
            None => VecDeque::new(),
        };
        drop(waiting);
        graves::bury(self.core.inbox.take_all());
    }

    /// The last descriptor was closed: the peer sees the end, waiting connections are refused.
    pub fn close(&self) {
        let core = &*self.core;
        if core.dead.swap(true, Ordering::AcqRel) {
            return;
        }
        let never_accepted = core.listening.lock().take();
        core.inbox.shut();
        core.account.shut();
        let unread = !core.inbox.is_empty();
        graves::bury(core.inbox.take_all());
        if let Some(connection) = self.connection.get().filter(|_| self.kind() != SocketKind::Datagram) {
            let peer = &*connection.core;
            peer.shut_receiving();
            peer.account.shut();
            if unread {
                peer.set_reset();
            }
            peer.wake_all();
        }
        for server in never_accepted.iter().flat_map(|listening| &listening.waiting) {
            if let Some(client) = server.peer_core() {
                client.set_reset();
            }
        }
        drop(never_accepted);
        let address = core.address.lock().clone();
        if let Some(address) = address {
            names::unbind(&address, core);
        }
        core.wake_all();
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        self.close();
    }
}
