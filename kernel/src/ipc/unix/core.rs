//! What others see of an endpoint. It lives on while somebody has it as its peer or has found it by name, and refers to
//! nobody itself.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::account::Account;
use super::inbox::{Inbox, Peer};
use super::names::Address;
use super::socket::{SocketKind, UnixSocket};
use crate::sync::{Events, SpinLock};
use crate::Kind;

/// Connections that wait to be accepted.
pub(super) struct Listening {
    pub backlog: usize,
    pub waiting: VecDeque<UnixSocket>,
    /// Places for connections that are about to be added.
    pub promised: usize,
}

pub(in crate::ipc) struct Core {
    pub kind: SocketKind,
    pub inbox: Inbox,
    pub account: Arc<Account>,
    pub address: SpinLock<Option<Arc<Address>>>,
    pub listening: SpinLock<Option<Listening>>,
    /// Who made it (or listens, or connected): what the other end sees as its peer.
    pub owner: SpinLock<Peer>,
    /// The core that it is connected to, by its address, which is only compared; 0 without.
    pub peer: AtomicUsize,
    /// The next call is told that the peer closed with data unread.
    reset: AtomicBool,
    /// Wants to know who sent what it receives, and tells who it is.
    pub pass_credentials: AtomicBool,
    /// Closed.
    pub dead: AtomicBool,
}

impl Core {
    pub fn new(kind: SocketKind, owner: Peer) -> Arc<Self> {
        Arc::new(Self {
            kind,
            inbox: Inbox::new(),
            account: Arc::new(Account::new()),
            address: SpinLock::new(None),
            listening: SpinLock::new(None),
            owner: SpinLock::new(owner),
            peer: AtomicUsize::new(0),
            reset: AtomicBool::new(false),
            pass_credentials: AtomicBool::new(false),
            dead: AtomicBool::new(false),
        })
    }

    pub fn id(&self) -> usize {
        core::ptr::from_ref(self) as usize
    }
    /// Is it connected to `other`?
    pub fn is_peer_of(&self, other: &Self) -> bool {
        self.peer.load(Ordering::Acquire) == other.id()
    }
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Acquire)
    }

    /// The next call fails with [`Kind::ConnectionReset`].
    pub fn set_reset(&self) {
        self.reset.store(true, Ordering::Release);
    }
    #[inline]
    pub fn has_error(&self) -> bool {
        self.reset.load(Ordering::Acquire)
    }
    /// Takes the error that the next call is to be told.
    #[inline]
    pub fn take_error(&self) -> Option<Kind> {
        (self.has_error() && self.reset.swap(false, Ordering::AcqRel)).then_some(Kind::ConnectionReset)
    }

    /// Nothing comes any more, and nothing that is sent arrives.
    pub fn shut_receiving(&self) {
        self.inbox.shut();
    }
    /// Tells all who wait here that something ended.
    pub fn wake_all(&self) {
        // Whatever polls look for, but urgent bytes: their coming is signalled.
        const ENDED: Events = Events::all().difference(Events::PRI);
        for queue in [&self.inbox.readable, &self.inbox.room, &self.account.writable] {
            queue.wake(usize::MAX, ENDED);
        }
    }
}
