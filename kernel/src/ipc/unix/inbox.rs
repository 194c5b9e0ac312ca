//! What waits to be received by an endpoint.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::names::Address;
use crate::cap::Capability;
use crate::sync::{Events, WaitQueue};
use crate::user::IoDest;
use crate::{Kind, Result};

/// Bytes that wait, at most (Linux's default `SO_SNDBUF`).
pub(super) const CAPACITY: usize = 212_992;
/// Datagrams that wait, at most, before senders have to (`net.unix.max_dgram_qlen`).
pub(super) const DATAGRAMS: usize = 11;

/// A process as its peer sees it (`struct ucred`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    pub process: u32,
    pub user: u32,
    pub group: u32,
}

/// What travels beside the bytes.
#[derive(Clone, Default)]
pub struct Ancillary {
    /// Capabilities handed over (`SCM_RIGHTS`).
    pub rights: Vec<Capability>,
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
    pub ancillary: Option<Ancillary>,
    /// The sender's name, if it has one.
    pub from: Option<Address>,
}

pub(super) struct Message {
    pub data: Vec<u8>,
    /// Bytes already received (streams).
    pub taken: usize,
    pub ancillary: Option<Ancillary>,
    pub sender: Peer,
    pub from: Option<Address>,
}

impl Message {
    fn rest(&self) -> &[u8] {
        &self.data[self.taken..]
    }
}

/// The queue of messages, under its owner's lock.
#[derive(Default)]
pub(super) struct Inbox {
    pub messages: VecDeque<Message>,
    pub bytes: usize,
    /// No more will come: the peer has gone or shut down.
    pub ended: bool,
    /// The owner does not receive any more.
    pub refused: bool,
}

impl Inbox {
    /// Can a message of that size (streams: any part of it) be queued?
    pub fn has_room(&self, stream: bool, size: usize) -> bool {
        if stream {
            self.bytes < CAPACITY
        } else {
            self.messages.len() < DATAGRAMS && (self.messages.is_empty() || self.bytes + size <= CAPACITY)
        }
    }

    pub fn push(&mut self, message: Message) -> Result<()> {
        self.messages.try_reserve(1).map_err(|_| Kind::NoMemory)?;
        self.bytes += message.data.len();
        self.messages.push_back(message);
        Ok(())
    }

    /// Takes (or copies, if `peek`) up to `limit` bytes of stream data that came with the same ancillary data.
    pub fn take_stream(&mut self, limit: usize, peek: bool, out: &mut Vec<u8>) -> Result<Option<Ancillary>> {
        let mut ancillary = None;
        let mut sender = None;
        let mut index = 0;
        while out.len() < limit {
            let Some(message) = self.messages.get_mut(index) else { break };
            let other_sender = sender.is_some_and(|sender| sender != message.sender);
            if index > 0 && peek || sender.is_some() {
                // Bytes before a boundary belong to what was taken; capabilities mark one.
                if message.ancillary.as_ref().is_some_and(|a| !a.rights.is_empty()) || other_sender {
                    break;
                }
            }
            sender = Some(message.sender);
            let count = message.rest().len().min(limit - out.len());
            out.try_reserve(count).map_err(|_| Kind::NoMemory)?;
            out.extend_from_slice(&message.rest()[..count]);
            let had_rights = if peek { message.ancillary.clone() } else { message.ancillary.take() };
            let stop = had_rights.as_ref().is_some_and(|a| !a.rights.is_empty());
            ancillary =
                ancillary.or(had_rights).or(Some(Ancillary { rights: Vec::new(), sender: message.sender }));
            if peek {
                index += 1;
            } else {
                message.taken += count;
                self.bytes -= count;
                if message.rest().is_empty() {
                    self.messages.pop_front();
                }
            }
            if stop {
                break;
            }
        }
        Ok(ancillary)
    }

    /// Takes everything out.
    pub fn take_all(&mut self) -> VecDeque<Message> {
        self.bytes = 0;
        core::mem::take(&mut self.messages)
    }

    /// Calls `visit` with every capability that waits.
    pub fn visit_rights(&self, visit: &mut dyn FnMut(&Capability)) {
        let ancillary = self.messages.iter().filter_map(|message| message.ancillary.as_ref());
        ancillary.flat_map(|all| &all.rights).for_each(visit);
    }

    /// Takes (or copies, if `peek`) the first message.
    pub fn take_message(&mut self, peek: bool) -> Option<Message> {
        if peek {
            let first = self.messages.front()?;
            return Some(Message {
                data: first.data.clone(),
                taken: 0,
                ancillary: first.ancillary.clone(),
                sender: first.sender,
                from: first.from.clone(),
            });
        }
        let message = self.messages.pop_front()?;
        self.bytes -= message.data.len();
        Some(message)
    }
}

impl Message {
    /// Stores as much as fits and says what became of it.
    pub fn deliver(self, dest: &mut IoDest) -> Result<Received> {
        let fits = self.data.len().min(dest.remaining());
        let bytes = dest.put(&self.data[..fits])?;
        if bytes < fits {
            // Half a message is none; the rest of it would be lost unseen.
            return Err(Kind::Fault.into());
        }
        let sender = self.sender;
        Ok(Received {
            bytes,
            message: self.data.len(),
            truncated: fits < self.data.len(),
            ancillary: self.ancillary.or(Some(Ancillary { rights: Vec::new(), sender })),
            from: self.from,
        })
    }
}

/// The wait queues that go with an inbox.
#[derive(Default)]
pub(super) struct Queues {
    pub readable: WaitQueue,
    pub writable: WaitQueue,
}

impl Queues {
    /// A message or a connection has come.
    pub fn tell_readable(&self) {
        self.readable.wake(usize::MAX, Events::IN | Events::RDNORM);
    }

    /// There is room.
    pub fn tell_writable(&self) {
        self.writable.wake(usize::MAX, Events::OUT | Events::WRNORM | Events::WRBAND);
    }
}
