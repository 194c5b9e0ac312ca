//! What waits to be received by an endpoint.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::account::Account;
use super::names::Address;
use crate::cap::Capability;
use crate::ipc::queue::{Queue, Shared, CONTROL};
use crate::room;
use crate::sync::{Events, WaitQueue};
use crate::{Kind, Result};

/// Datagrams that wait, at most, before strangers have to (`net.unix.max_dgram_qlen`, and one).
const DATAGRAMS: usize = 11;

/// A process as its peer sees it (`struct ucred`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    pub process: u32,
    pub user: u32,
    pub group: u32,
}

impl Peer {
    /// Nobody said who sent it.
    pub const NOBODY: Self = Self { process: 0, user: u32::MAX, group: u32::MAX };
}

impl Default for Peer {
    fn default() -> Self {
        Self::NOBODY
    }
}

/// Kept as long as capabilities are under way: what counts them.
pub type Toll = Arc<dyn Any + Send + Sync>;

/// What travels beside the bytes.
#[derive(Clone, Default)]
pub struct Ancillary {
    /// Capabilities handed over (`SCM_RIGHTS`).
    pub rights: Vec<Capability>,
    /// What counts them.
    pub toll: Option<Toll>,
    /// Who sent it (`SCM_CREDENTIALS`).
    pub sender: Peer,
}

/// The result of a receive.
#[derive(Default)]
pub struct Received {
    /// Bytes stored.
    pub bytes: usize,
    /// Bytes of the message, of which some may not have fitted.
    pub message: usize,
    /// Did the message not fit?
    pub truncated: bool,
    /// A packet, if only an empty one.
    pub packet: bool,
    /// The urgent byte.
    pub urgent: bool,
    pub ancillary: Ancillary,
    /// The sender's name, if it has one.
    pub from: Option<Arc<Address>>,
}

/// What does not fit into a control slot.
pub(super) struct Side {
    pub rights: Vec<Capability>,
    pub toll: Option<Toll>,
    pub from: Option<Arc<Address>>,
    /// What a packet counts for.
    #[expect(dead_code, reason = "held until it is dropped")]
    pub charge: Option<Charge>,
}

/// What a packet counts for with its sender, until it is received or dropped.
pub(super) struct Charge {
    account: Arc<Account>,
    amount: usize,
}

impl Charge {
    pub fn new(account: &Arc<Account>, amount: usize) -> Self {
        account.charge(amount);
        Self { account: account.clone(), amount }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.release(self.amount);
    }
}

/// A control slot: who sent what follows, and whether a [`Side`] belongs to it.
#[derive(Clone, Copy)]
pub(super) struct Control {
    pub sender: Peer,
    pub side: bool,
}

impl Control {
    const BYTES: usize = 13;

    pub fn push(self, queue: &mut Queue, tag: u8) -> Result<()> {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.sender.process.to_ne_bytes());
        bytes[4..8].copy_from_slice(&self.sender.user.to_ne_bytes());
        bytes[8..12].copy_from_slice(&self.sender.group.to_ne_bytes());
        bytes[12] = u8::from(self.side);
        queue.push_inline(&bytes, CONTROL | tag)
    }

    /// Of the bytes of such a slot.
    pub fn decode(bytes: &[u8]) -> Self {
        let Some(all) = bytes.first_chunk::<{ Self::BYTES }>() else {
            return Self { sender: Peer::NOBODY, side: false };
        };
        let word = |at: usize| u32::from_ne_bytes([all[at], all[at + 1], all[at + 2], all[at + 3]]);
        Self { sender: Peer { process: word(0), user: word(4), group: word(8) }, side: all[12] != 0 }
    }
}

/// What is kept beside the queue, under its lock.
pub(super) struct Contents {
    /// One for each control slot that says so, in the same order.
    pub sides: VecDeque<Side>,
    /// Bytes of all data.
    pub bytes: usize,
    /// Who sent what was put in last, and what was taken out last (streams).
    pub last_in: Peer,
    pub last_out: Peer,
    /// Where a stream is charged.
    pub account: Option<Arc<Account>>,
    /// Where `MSG_PEEK` begins, if not at the front (`SO_PEEK_OFF`).
    pub peek_at: Option<usize>,
}

impl Contents {
    /// The side that belongs to a control slot: taken out, or with `peek` the one with so many before it copied.
    pub fn take_side(&mut self, peek: Option<usize>) -> Option<Side> {
        let Some(place) = peek else {
            let side = self.sides.pop_front();
            room::shrink_queue(&mut self.sides, 0);
            return side;
        };
        self.sides.get(place).map(|side| Side {
            rights: side.rights.clone(),
            toll: side.toll.clone(),
            from: side.from.clone(),
            charge: None,
        })
    }

    /// Makes room for one more side.
    pub fn reserve_side(&mut self) -> Result<()> {
        Ok(self.sides.try_reserve(1).map_err(|_| Kind::NoMemory)?)
    }

    /// `count` bytes were peeked at, or taken out.
    pub fn move_peek(&mut self, count: usize, peek: bool) {
        if let Some(at) = &mut self.peek_at {
            *at = if peek { *at + count } else { at.saturating_sub(count) };
        }
    }
}

pub(super) struct Inbox {
    pub contents: Shared<Contents>,
    /// Messages in it (packets).
    packets: AtomicUsize,
    /// No more will come: shut down, or the other end has gone.
    shut: AtomicBool,
    /// An urgent byte waits.
    pub urgent: AtomicBool,
    /// Woken when a message or a connection has come.
    pub readable: WaitQueue,
    /// Woken when strangers may send again, or connect.
    pub room: WaitQueue,
}

impl Inbox {
    pub fn new() -> Self {
        let contents = Contents {
            sides: VecDeque::new(),
            bytes: 0,
            last_in: Peer::NOBODY,
            last_out: Peer::NOBODY,
            account: None,
            peek_at: None,
        };
        Self {
            contents: Shared::new(contents),
            packets: AtomicUsize::new(0),
            shut: AtomicBool::new(false),
            urgent: AtomicBool::new(false),
            readable: WaitQueue::new(),
            room: WaitQueue::new(),
        }
    }

    /// Is nothing in it? Without the lock.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.contents.used() == 0
    }
    #[inline]
    pub fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Acquire)
    }
    pub fn shut(&self) {
        self.shut.store(true, Ordering::Release);
    }

    /// Are there so many packets that strangers have to wait?
    pub fn is_crowded(&self) -> bool {
        self.packets.load(Ordering::Acquire) >= DATAGRAMS
    }
    pub fn count_packet(&self) {
        self.packets.fetch_add(1, Ordering::AcqRel);
    }
    /// A packet was taken out. With the contents locked, as for [`Self::count_packet`].
    pub fn discount_packet(&self) {
        if self.packets.fetch_sub(1, Ordering::AcqRel) == DATAGRAMS {
            self.tell_room();
        }
    }

    /// A message or a connection has come.
    #[inline]
    pub fn tell_readable(&self) {
        self.readable.wake(usize::MAX, Events::IN | Events::RDNORM);
    }
    pub fn tell_room(&self) {
        self.room.wake(usize::MAX, Events::OUT | Events::WRNORM | Events::WRBAND);
    }

    /// Takes everything out: what has to be dropped, without any lock.
    pub fn take_all(&self) -> VecDeque<Side> {
        let mut held = self.contents.lock();
        let charge = super::stream::charge_of(&held);
        held.clear();
        let (_, contents) = held.parts();
        contents.bytes = 0;
        let sides = core::mem::take(&mut contents.sides);
        let account = contents.account.clone();
        // Under the lock, as all that changes them.
        self.urgent.store(false, Ordering::Release);
        self.packets.store(0, Ordering::Release);
        drop(held);
        if let Some(account) = account {
            account.release(charge);
        }
        self.tell_room();
        sides
    }

    /// Calls `visit` with every capability that waits.
    pub fn visit_rights(&self, visit: &mut dyn FnMut(&Capability)) {
        if self.is_empty() {
            return;
        }
        let held = self.contents.lock();
        held.extra().sides.iter().flat_map(|side| &side.rights).for_each(visit);
    }
}
