//! Endpoints and their life: bind, listen, connect, accept, send, receive, shut down.

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use bitflags::bitflags;

use super::graves;
use super::inbox::{Ancillary, Inbox, Message, Peer, Queues, Received, CAPACITY};
use super::names::{self, Address};
use crate::cap::Capability;
use crate::sync::{Events, PollTable, Sleep, SpinLock};
use crate::time::Instant;
use crate::user::{IoDest, IoSource};
use crate::{Kind, Result};

/// Bytes of a stream that are queued as one message.
const STREAM_PIECE: usize = 32 * 1024;

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
        /// Do not wait.
        const NONBLOCK = 4;
    }
    /// Which way is shut.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ShutdownSide: u8 {
        const RECEIVE = 1;
        const SEND = 2;
    }
}

enum Role {
    Fresh,
    Listening {
        backlog: usize,
        waiting: VecDeque<Arc<UnixSocket>>,
    },
    /// Connected, now or once: the peer may have gone. A datagram socket's default destination.
    Connected(Weak<UnixSocket>),
}

struct State {
    role: Role,
    inbox: Inbox,
    address: Option<Address>,
    /// The process at the other end when the connection was made.
    peer: Peer,
    send_shut: bool,
    /// The error that the next operation reports (the peer closed with unread data).
    pending: Option<Kind>,
}

/// An endpoint.
pub struct UnixSocket {
    kind: SocketKind,
    state: SpinLock<State>,
    queues: Queues,
    /// Who made it (or listens): what the other end sees as its peer.
    owner: SpinLock<Peer>,
}

impl UnixSocket {
    /// An unconnected, unbound endpoint.
    pub fn new(kind: SocketKind, owner: Peer) -> Arc<Self> {
        let state = State {
            role: Role::Fresh,
            inbox: Inbox::default(),
            address: None,
            peer: Peer::default(),
            send_shut: false,
            pending: None,
        };
        Arc::new(Self {
            kind,
            state: SpinLock::new(state),
            queues: Queues::default(),
            owner: SpinLock::new(owner),
        })
    }

    /// Two connected endpoints.
    pub fn pair(kind: SocketKind, owner: Peer) -> (Arc<Self>, Arc<Self>) {
        let (a, b) = (Self::new(kind, owner), Self::new(kind, owner));
        a.join(&b, owner);
        b.join(&a, owner);
        (a, b)
    }

    fn join(&self, other: &Arc<Self>, peer: Peer) {
        let mut state = self.state.lock();
        state.role = Role::Connected(Arc::downgrade(other));
        state.peer = peer;
    }

    /// How bytes travel.
    pub fn kind(&self) -> SocketKind {
        self.kind
    }

    /// The name it is bound to.
    pub fn address(&self) -> Option<Address> {
        self.state.lock().address.clone()
    }

    /// The other end's name. [`Kind::NotConnected`] if there is no other end.
    pub fn peer_address(&self) -> Result<Option<Address>> {
        let peer = self.connected()?.ok_or(Kind::NotConnected)?;
        Ok(peer.address())
    }

    /// Who is (or was) at the other end.
    pub fn peer(&self) -> Peer {
        self.state.lock().peer
    }

    /// Is it waiting for connections?
    pub fn listening(&self) -> bool {
        matches!(self.state.lock().role, Role::Listening { .. })
    }

    /// Takes the pending error (`SO_ERROR`).
    pub fn take_error(&self) -> Option<Kind> {
        self.state.lock().pending.take()
    }

    /// Bytes that wait (`FIONREAD`): for datagrams, those of the first.
    pub fn readable_bytes(&self) -> usize {
        let state = self.state.lock();
        match self.kind {
            SocketKind::Datagram => state.inbox.messages.front().map_or(0, |message| message.data.len()),
            _ => state.inbox.bytes,
        }
    }

    /// Binds to a name. [`Kind::Invalid`] if it has one.
    pub fn bind(self: &Arc<Self>, address: Address) -> Result<()> {
        if self.state.lock().address.is_some() {
            return Err(Kind::Invalid.into());
        }
        names::bind(&address, self)?;
        self.state.lock().address = Some(address);
        Ok(())
    }

    /// Starts (or continues, with another backlog) to wait for connections.
    pub fn listen(&self, backlog: usize, owner: Peer) -> Result<()> {
        if self.kind == SocketKind::Datagram {
            return Err(Kind::NotSupported.into());
        }
        let mut state = self.state.lock();
        if state.address.is_none() {
            return Err(Kind::Invalid.into());
        }
        match &mut state.role {
            Role::Fresh => state.role = Role::Listening { backlog, waiting: VecDeque::new() },
            Role::Listening { backlog: old, .. } => *old = backlog,
            Role::Connected(_) => return Err(Kind::Invalid.into()),
        }
        drop(state);
        *self.owner.lock() = owner;
        self.queues.tell_writable();
        Ok(())
    }

    /// The next connection.
    pub fn accept(&self, nonblock: bool) -> Result<Arc<Self>> {
        let next = || match &mut self.state.lock().role {
            Role::Listening { waiting, .. } => waiting.pop_front().map(Ok),
            _ => Some(Err(Kind::Invalid.into())),
        };
        let accepted = match next() {
            Some(result) => result,
            None if nonblock => Err(Kind::WouldBlock.into()),
            None => self.queues.readable.wait(Sleep::Interruptible, None, next)?,
        };
        self.queues.tell_writable();
        accepted
    }

    /// Connects to `target`: a listener, or for datagrams any socket.
    pub fn connect(self: &Arc<Self>, target: &Arc<Self>, me: Peer, nonblock: bool) -> Result<()> {
        if target.kind != self.kind {
            return Err(Kind::ProtocolType.into());
        }
        if self.kind == SocketKind::Datagram {
            self.join(target, *target.owner.lock());
            return Ok(());
        }
        match self.state.lock().role {
            Role::Fresh => {}
            Role::Connected(_) => return Err(Kind::IsConnected.into()),
            Role::Listening { .. } => return Err(Kind::Invalid.into()),
        }
        *self.owner.lock() = me;
        let peer = *target.owner.lock();
        let server = Self::new(self.kind, peer);
        server.state.lock().address = target.address();
        server.join(self, me);
        let attempt = || match &mut target.state.lock().role {
            Role::Listening { backlog, waiting } => {
                if waiting.len() > *backlog {
                    return None;
                }
                if waiting.try_reserve(1).is_err() {
                    return Some(Err(Kind::NoMemory.into()));
                }
                waiting.push_back(server.clone());
                Some(Ok(()))
            }
            _ => Some(Err(Kind::ConnectionRefused.into())),
        };
        // The peer must be in place before the listener's side can be accepted and used.
        self.join(&server, peer);
        let result = match attempt() {
            Some(result) => result,
            None if nonblock => Err(Kind::WouldBlock.into()),
            None => {
                target.queues.writable.wait(Sleep::Interruptible, None, attempt).and_then(|result| result)
            }
        };
        if result.is_err() {
            self.state.lock().role = Role::Fresh;
        }
        target.queues.tell_readable();
        result
    }

    /// Dissolves a datagram socket's default destination (`connect` with `AF_UNSPEC`).
    pub fn disconnect(&self) {
        let mut state = self.state.lock();
        if matches!(state.role, Role::Connected(_)) {
            state.role = Role::Fresh;
        }
    }

    /// The living peer; `Ok(None)` if it has gone. [`Kind::NotConnected`] if there never was one.
    fn connected(&self) -> Result<Option<Arc<Self>>> {
        match &self.state.lock().role {
            Role::Connected(peer) => Ok(peer.upgrade()),
            _ => Err(Kind::NotConnected.into()),
        }
    }

    /// Sends bytes, and with the first of them `ancillary`, to `to` or the connected peer.
    pub fn send(
        &self,
        source: &mut IoSource,
        to: Option<Arc<Self>>,
        mut ancillary: Option<Ancillary>,
        sender: Peer,
        nonblock: bool,
        deadline: Option<Instant>,
    ) -> Result<usize> {
        if let Some(kind) = self.state.lock().pending.take() {
            return Err(kind.into());
        }
        let gone = if self.kind == SocketKind::Datagram { Kind::ConnectionRefused } else { Kind::BrokenPipe };
        let target = match to {
            Some(target) => target,
            None => self.connected()?.ok_or(gone)?,
        };
        if self.state.lock().send_shut {
            return Err(Kind::BrokenPipe.into());
        }
        let stream = self.kind == SocketKind::Stream;
        let total = source.remaining();
        if !stream && total > CAPACITY {
            return Err(Kind::MessageSize.into());
        }
        let from = self.address();
        let mut done = 0;
        while done < total || (!stream && done == 0) {
            let size = if stream { (total - done).min(STREAM_PIECE) } else { total };
            match target.wait_for_room(stream, size, nonblock, deadline) {
                Err(_) if done > 0 => break,
                other => other?,
            }
            let mut data = Vec::new();
            data.try_reserve_exact(size).map_err(|_| Kind::NoMemory)?;
            data.resize(size, 0);
            let count = match source.take(&mut data) {
                Err(_) if done > 0 => break,
                other => other?,
            };
            data.truncate(count);
            let message = Message { data, taken: 0, ancillary: ancillary.take(), sender, from: from.clone() };
            target.state.lock().inbox.push(message)?;
            target.queues.tell_readable();
            done += count;
            if !stream || count < size {
                break;
            }
        }
        Ok(done)
    }

    /// Waits until this endpoint's inbox takes a message.
    fn wait_for_room(
        &self,
        stream: bool,
        size: usize,
        nonblock: bool,
        deadline: Option<Instant>,
    ) -> Result<()> {
        let room = || {
            let state = self.state.lock();
            if state.inbox.refused {
                return Some(Err(Kind::BrokenPipe.into()));
            }
            state.inbox.has_room(stream, size).then_some(Ok(()))
        };
        match room() {
            Some(result) => result,
            None if nonblock => Err(Kind::WouldBlock.into()),
            None => self.queues.writable.wait(Sleep::Interruptible, deadline, room)?,
        }
    }

    /// Receives bytes or a message. A stream's end is 0 bytes without ancillary data.
    pub fn receive(&self, dest: &mut IoDest, how: Receive, deadline: Option<Instant>) -> Result<Received> {
        if self.kind == SocketKind::Stream {
            return self.receive_stream(dest, how, deadline);
        }
        if self.kind == SocketKind::SequencedPacket {
            self.require_connection()?;
        }
        self.wait_for_message(how, deadline)?;
        let message = self.state.lock().inbox.take_message(how.contains(Receive::PEEK));
        self.wake_writers();
        message.map_or_else(|| Ok(Received::default()), |message| message.deliver(dest))
    }

    fn require_connection(&self) -> Result<()> {
        match self.state.lock().role {
            Role::Connected(_) => Ok(()),
            Role::Fresh => Err(Kind::NotConnected.into()),
            Role::Listening { .. } => Err(Kind::Invalid.into()),
        }
    }

    fn receive_stream(&self, dest: &mut IoDest, how: Receive, deadline: Option<Instant>) -> Result<Received> {
        match self.state.lock().role {
            Role::Connected(_) => {}
            _ => return Err(Kind::Invalid.into()),
        }
        let mut received = Received::default();
        while dest.remaining() > 0 {
            match self.wait_for_message(how, deadline) {
                Err(_) if received.bytes > 0 => break,
                other => other?,
            }
            let mut bytes = Vec::new();
            let limit = dest.remaining().min(STREAM_PIECE);
            let ancillary =
                self.state.lock().inbox.take_stream(limit, how.contains(Receive::PEEK), &mut bytes)?;
            self.wake_writers();
            if bytes.is_empty() {
                break;
            }
            let count = dest.put(&bytes)?;
            received.bytes += count;
            let boundary = ancillary.as_ref().is_some_and(|a| !a.rights.is_empty());
            received.ancillary = received.ancillary.or(ancillary);
            let more = !self.state.lock().inbox.messages.is_empty();
            if boundary || how.contains(Receive::PEEK) || !(how.contains(Receive::ALL) || more) {
                break;
            }
        }
        received.message = received.bytes;
        Ok(received)
    }

    fn wait_for_message(&self, how: Receive, deadline: Option<Instant>) -> Result<()> {
        let ready = || {
            let mut state = self.state.lock();
            if !state.inbox.messages.is_empty() {
                return Some(Ok(()));
            }
            if let Some(kind) = state.pending.take() {
                return Some(Err(kind.into()));
            }
            (state.inbox.ended || state.inbox.refused).then_some(Ok(()))
        };
        match ready() {
            Some(result) => result,
            None if how.contains(Receive::NONBLOCK) => Err(Kind::WouldBlock.into()),
            None => self.queues.readable.wait(Sleep::Interruptible, deadline, ready)?,
        }
    }

    /// There is room in the inbox: those who send to it may go on, and poll on the peer sees it.
    fn wake_writers(&self) {
        self.queues.tell_writable();
        if let Ok(Some(peer)) = self.connected() {
            peer.queues.tell_writable();
        }
    }

    /// Shuts one way or both. [`Kind::NotConnected`] without a connection.
    pub fn shut_down(&self, sides: ShutdownSide) -> Result<()> {
        let peer = match self.connected() {
            Ok(peer) => peer,
            Err(error) if self.kind != SocketKind::Datagram => return Err(error),
            Err(_) => None,
        };
        {
            let mut state = self.state.lock();
            state.send_shut |= sides.contains(ShutdownSide::SEND);
            state.inbox.refused |= sides.contains(ShutdownSide::RECEIVE);
        }
        if let Some(peer) = peer.filter(|_| self.kind != SocketKind::Datagram) {
            let mut state = peer.state.lock();
            state.inbox.ended |= sides.contains(ShutdownSide::SEND);
            state.send_shut |= sides.contains(ShutdownSide::RECEIVE);
            drop(state);
            peer.wake_all();
        }
        self.wake_all();
        Ok(())
    }

    fn wake_all(&self) {
        self.queues.readable.wake_all();
        self.queues.writable.wake_all();
    }

    /// Readiness for poll.
    pub fn poll(&self, table: Option<&mut PollTable>) -> Events {
        if let Some(table) = table {
            table.register(&self.queues.readable);
            table.register(&self.queues.writable);
        }
        let stream = self.kind == SocketKind::Stream;
        let peer = self.connected();
        let mut events = Events::empty();
        let writable = match &peer {
            Ok(Some(peer)) => peer.state.lock().inbox.has_room(stream, 1),
            Ok(None) => true,
            Err(_) => self.kind == SocketKind::Datagram,
        };
        let state = self.state.lock();
        let ended = state.inbox.ended || state.inbox.refused;
        let waiting = matches!(&state.role, Role::Listening { waiting, .. } if !waiting.is_empty());
        events.set(Events::IN | Events::RDNORM, !state.inbox.messages.is_empty() || ended || waiting);
        events.set(Events::OUT | Events::WRNORM, writable);
        events.set(Events::RDHUP, ended);
        events.set(Events::ERR, state.pending.is_some());
        let unconnected = self.kind != SocketKind::Datagram && matches!(state.role, Role::Fresh);
        events.set(Events::HUP, (ended && state.send_shut) || unconnected);
        events
    }

    /// The last descriptor was closed: the peer sees the end, waiting connections are refused.
    pub fn close(&self) {
        let (role, address, messages) = {
            let mut state = self.state.lock();
            state.inbox.refused = true;
            let messages = state.inbox.take_all();
            (core::mem::replace(&mut state.role, Role::Fresh), state.address.take(), messages)
        };
        let unread = !messages.is_empty();
        graves::bury(messages);
        match role {
            Role::Fresh => {}
            Role::Listening { waiting, .. } => waiting.iter().for_each(|server| server.close()),
            Role::Connected(peer) => {
                if let (Some(peer), true) = (peer.upgrade(), self.kind != SocketKind::Datagram) {
                    let mut state = peer.state.lock();
                    state.inbox.ended = true;
                    state.send_shut = true;
                    if unread {
                        state.pending = Some(Kind::ConnectionReset);
                    }
                    drop(state);
                    peer.wake_all();
                }
            }
        }
        if let Some(address) = address {
            names::unbind(&address, self);
        }
        self.wake_all();
    }

    /// Calls `visit` with every capability that waits here to be received, also in connections that wait to be
    /// accepted.
    pub fn visit_rights(&self, visit: &mut dyn FnMut(&Capability)) {
        let state = self.state.lock();
        state.inbox.visit_rights(visit);
        if let Role::Listening { waiting, .. } = &state.role {
            waiting.iter().for_each(|server| server.state.lock().inbox.visit_rights(visit));
        }
    }

    /// Drops everything that waits here to be received, and to be accepted.
    pub fn discard_messages(&self) {
        let (messages, waiting) = {
            let mut state = self.state.lock();
            let waiting = match &mut state.role {
                Role::Listening { waiting, .. } => core::mem::take(waiting),
                _ => VecDeque::new(),
            };
            (state.inbox.take_all(), waiting)
        };
        waiting.iter().for_each(|server| server.close());
        graves::bury(messages);
    }
}
