//! Message queues.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicI32, Ordering};

use exo_kernel::room;
use exo_kernel::sync::{Sleep, SpinLock, WaitQueue};
use posix_x_abi::types::{IpcPerm, MsqidDs};

use super::{now, Object, Permissions};
use crate::security::Credentials;
use crate::{Errno, Pid};

/// Receiving and sending, as permission bits.
pub(super) const READ: u32 = 0o444;
const SEND: u32 = 0o222;

/// A message.
pub(super) struct Message {
    pub kind: i64,
    pub body: Vec<u8>,
}

/// Which message is wanted.
#[derive(Clone, Copy)]
pub(super) enum Select {
    /// The first.
    Any,
    /// The first of this type.
    Equal(i64),
    /// The first of another type.
    NotEqual(i64),
    /// The first of the lowest type that is at most this.
    AtMost(i64),
    /// The one at this place, to be copied.
    Place(i64),
}

/// What a receiver wants.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub select: Select,
    /// A longer message is an error.
    pub longest: usize,
    pub pid: Pid,
}

/// How a wait for a message ended.
enum Outcome {
    Message(Message),
    Error(Errno),
    /// The queue was changed: permissions are to be looked at again.
    Again,
}

struct Receiver {
    wanted: Wanted,
    outcome: SpinLock<Option<Outcome>>,
    queue: WaitQueue,
}

impl Receiver {
    fn finish(&self, outcome: Outcome) {
        *self.outcome.lock() = Some(outcome);
        self.queue.wake_all();
    }
}

struct State {
    permissions: Permissions,
    removed: bool,
    messages: VecDeque<Message>,
    /// Bytes in all messages, and at most; there are at most as many messages, too.
    bytes: usize,
    limit: usize,
    /// When a message was sent and received, and when something else changed: seconds.
    sent: i64,
    received: i64,
    changed: i64,
    sender: Pid,
    receiver: Pid,
    /// In order of arrival.
    receivers: VecDeque<Arc<Receiver>>,
}

/// A message queue.
pub struct MessageQueue {
    id: AtomicI32,
    state: SpinLock<State>,
    /// Those who wait until there is room.
    senders: WaitQueue,
}

impl Select {
    fn takes(self, kind: i64) -> bool {
        match self {
            Self::Any | Self::Place(_) => true,
            Self::Equal(wanted) => kind == wanted,
            Self::NotEqual(unwanted) => kind != unwanted,
            Self::AtMost(highest) => kind <= highest,
        }
    }

    /// Where the message wanted stands.
    fn find(self, messages: &VecDeque<Message>) -> Option<usize> {
        match self {
            Self::Place(place) => usize::try_from(place).ok().filter(|place| *place < messages.len()),
            Self::AtMost(_) => {
                let kinds = messages.iter().enumerate().filter(|(_, message)| self.takes(message.kind));
                // The first of those with the lowest type.
                kinds.min_by_key(|(_, message)| message.kind).map(|(place, _)| place)
            }
            _ => messages.iter().position(|message| self.takes(message.kind)),
        }
    }
}

impl State {
    fn has_room(&self, length: usize) -> bool {
        self.bytes + length <= self.limit && self.messages.len() < self.limit
    }

    fn check(&self, creds: &Credentials, flags: u32) -> Result<(), Errno> {
        self.permissions.check(creds, flags)?;
        if self.removed {
            return Err(Errno::EIDRM);
        }
        Ok(())
    }

    /// Gives the message to the first receiver that waits for one like it; back if there is none.
    fn hand_over(&mut self, message: Message) -> Option<Message> {
        let mut index = 0;
        while let Some(receiver) = self.receivers.get(index) {
            if !receiver.wanted.select.takes(message.kind) {
                index += 1;
                continue;
            }
            let receiver = self.receivers.remove(index)?;
            if message.body.len() > receiver.wanted.longest {
                receiver.finish(Outcome::Error(Errno::E2BIG));
                continue;
            }
            self.receiver = receiver.wanted.pid;
            self.received = now();
            receiver.finish(Outcome::Message(message));
            return None;
        }
        Some(message)
    }

    /// All receivers look again.
    fn stir(&mut self) {
        for receiver in core::mem::take(&mut self.receivers) {
            receiver.finish(Outcome::Again);
        }
    }

    /// Takes the message wanted out of the queue.
    fn take(&mut self, wanted: &Wanted) -> Result<Option<Message>, Errno> {
        let Some(place) = wanted.select.find(&self.messages) else { return Ok(None) };
        if self.messages[place].body.len() > wanted.longest {
            return Err(Errno::E2BIG);
        }
        let taken = self.messages.remove(place);
        if let Some(message) = &taken {
            self.bytes -= message.body.len();
        }
        room::shrink_queue(&mut self.messages, 0);
        self.receiver = wanted.pid;
        self.received = now();
        Ok(taken)
    }
}

impl Object for MessageQueue {
    fn set_id(&self, id: i32) {
        self.id.store(id, Ordering::Relaxed);
    }
}

impl MessageQueue {
    /// An empty queue for at most `limit` bytes.
    pub(super) fn new(permissions: Permissions, limit: usize) -> Arc<Self> {
        let state = State {
            permissions,
            removed: false,
            messages: VecDeque::new(),
            bytes: 0,
            limit,
            sent: 0,
            received: 0,
            changed: now(),
            sender: 0,
            receiver: 0,
            receivers: VecDeque::new(),
        };
        Arc::new(Self { id: AtomicI32::new(-1), state: SpinLock::new(state), senders: WaitQueue::new() })
    }

    /// The identifier.
    pub fn id(&self) -> i32 {
        self.id.load(Ordering::Relaxed)
    }
    /// EACCES unless the bits are granted, EIDRM if the queue is gone.
    pub(super) fn check(&self, creds: &Credentials, flags: u32) -> Result<(), Errno> {
        self.state.lock().check(creds, flags)
    }
    /// EPERM unless `creds` may remove the queue.
    pub(super) fn check_owner(&self, creds: &Credentials) -> Result<(), Errno> {
        self.state.lock().permissions.check_owner(creds)
    }

    /// Sends, and waits for room first if `wait` says so.
    pub(super) fn send(
        &self,
        creds: &Credentials,
        message: Message,
        wait: bool,
        pid: Pid,
    ) -> Result<(), Errno> {
        let length = message.body.len();
        let mut state = self.state.lock();
        loop {
            state.check(creds, SEND)?;
            if state.has_room(length) {
                break;
            }
            drop(state);
            if !wait {
                return Err(Errno::EAGAIN);
            }
            let room = || {
                let state = self.state.lock();
                (state.removed || state.has_room(length)).then_some(())
            };
            self.senders.wait(Sleep::Interruptible, None, room).map_err(|_| Errno::ERESTARTNOHAND)?;
            state = self.state.lock();
            if state.removed {
                return Err(Errno::EIDRM);
            }
        }
        state.messages.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        state.sender = pid;
        state.sent = now();
        if let Some(message) = state.hand_over(message) {
            state.messages.push_back(message);
            state.bytes += length;
        }
        Ok(())
    }

    /// Receives, and waits for a message first if `wait` says so.
    pub(super) fn receive(&self, creds: &Credentials, wanted: Wanted, wait: bool) -> Result<Message, Errno> {
        loop {
            let mut state = self.state.lock();
            state.check(creds, READ)?;
            if let Some(message) = state.take(&wanted)? {
                drop(state);
                self.senders.wake_all();
                return Ok(message);
            }
            if !wait {
                return Err(Errno::ENOMSG);
            }
            state.receivers.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            let receiver =
                Arc::new(Receiver { wanted, outcome: SpinLock::new(None), queue: WaitQueue::new() });
            state.receivers.push_back(receiver.clone());
            drop(state);
            let outcome = receiver.queue.wait(Sleep::Interruptible, None, || receiver.outcome.lock().take());
            match outcome.or_else(|_| self.give_up(&receiver))? {
                Outcome::Message(message) => return Ok(message),
                Outcome::Error(error) => return Err(error),
                Outcome::Again => {}
            }
        }
    }

    /// Waits no longer, unless a message came at the last moment.
    #[cold]
    fn give_up(&self, receiver: &Arc<Receiver>) -> Result<Outcome, Errno> {
        let mut state = self.state.lock();
        if let Some(outcome) = receiver.outcome.lock().take() {
            return Ok(outcome);
        }
        state.receivers.retain(|other| !Arc::ptr_eq(other, receiver));
        room::shrink_queue(&mut state.receivers, 0);
        Err(Errno::ERESTARTNOHAND)
    }

    /// Adds the bytes of the message wanted to `copy`, at most `room`, and leaves it where it is (`MSG_COPY`); its
    /// type.
    pub(super) fn copy(
        &self,
        creds: &Credentials,
        wanted: &Wanted,
        room: usize,
        copy: &mut Vec<u8>,
    ) -> Result<i64, Errno> {
        let state = self.state.lock();
        state.check(creds, READ)?;
        let place = wanted.select.find(&state.messages).ok_or(Errno::ENOMSG)?;
        let message = &state.messages[place];
        if message.body.len() > wanted.longest {
            return Err(Errno::E2BIG);
        }
        if message.body.len() > room {
            return Err(Errno::EINVAL);
        }
        copy.extend_from_slice(&message.body);
        Ok(message.kind)
    }

    /// `IPC_SET`.
    pub(super) fn update(&self, perm: &IpcPerm, limit: u64) -> Result<(), Errno> {
        let mut state = self.state.lock();
        state.permissions.update(perm)?;
        state.limit = usize::try_from(limit).unwrap_or(usize::MAX);
        state.changed = now();
        state.stir();
        drop(state);
        self.senders.wake_all();
        Ok(())
    }

    /// The queue is removed: whoever waits learns it. True for the one who did it.
    pub(super) fn retire(&self) -> bool {
        let mut state = self.state.lock();
        let first = !core::mem::replace(&mut state.removed, true);
        let gone = (core::mem::take(&mut state.messages), core::mem::take(&mut state.receivers));
        state.bytes = 0;
        for receiver in &gone.1 {
            receiver.finish(Outcome::Error(Errno::EIDRM));
        }
        drop(state);
        self.senders.wake_all();
        drop(gone);
        first
    }

    /// What `IPC_STAT` tells.
    pub fn told(&self) -> MsqidDs {
        let state = self.state.lock();
        MsqidDs {
            perm: state.permissions.told(self.id()),
            stime: state.sent,
            rtime: state.received,
            ctime: state.changed,
            cbytes: state.bytes as u64,
            qnum: state.messages.len() as u64,
            qbytes: state.limit as u64,
            lspid: state.sender,
            lrpid: state.receiver,
            ..MsqidDs::default()
        }
    }
}
