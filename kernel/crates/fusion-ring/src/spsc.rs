//! One sender, one receiver.
//!
//! A slot's turn says by itself whether its message is there, so that only the slot's own line travels between
//! two processors. The sender looks at the receiver's position when the ring seems full, and never otherwise; the
//! receiver never looks at the sender's. Each keeps its own position in memory of its own.

use crate::layout::{turn, Form, Slot, RECEIVER_CLOSED, SENDER_CLOSED};
use crate::message::Message;
use crate::storage::{Owned, Storage};
use crate::sync::Ordering;
use crate::{AttachError, Geometry, RecvError, SendError};

/// The sending end. A second one on the same ring garbles messages, nothing worse.
#[derive(Debug)]
pub struct Producer<S> {
    storage: S,
    shift: u32,
    position: u64,
    /// Where the ring is full, as far as known.
    limit: u64,
}

/// The receiving end. A second one on the same ring garbles messages, nothing worse.
#[derive(Debug)]
pub struct Consumer<S> {
    storage: S,
    shift: u32,
    position: u64,
}

/// Both ends of a new ring of `1 << shift` slots in memory of its own; `None` without memory.
///
/// ```
/// use fusion_ring::{spsc, Message};
/// let (mut sender, mut receiver) = spsc::pair(4).unwrap();
/// sender.try_send(&Message::new(b"hello").unwrap()).unwrap();
/// assert_eq!(receiver.try_recv().unwrap().bytes(), b"hello");
/// ```
pub fn pair(shift: u32) -> Option<(Producer<Owned>, Consumer<Owned>)> {
    let storage = Owned::new(Geometry::new(Form::Spsc, shift).ok()?).ok()?;
    Some((Producer::new(storage.clone()).ok()?, Consumer::new(storage).ok()?))
}

#[inline(always)]
fn slot<S: Storage>(storage: &S, shift: u32, position: u64) -> &Slot {
    debug_assert_eq!(shift, storage.geometry().shift());
    // SAFETY: the remainder is less than the number of slots; `shift` was taken from the storage.
    unsafe { storage.slot((position & ((1 << shift) - 1)) as usize) }
}

fn check<S: Storage>(storage: &S) -> Result<u32, AttachError> {
    match storage.geometry().form() {
        Form::Spsc => Ok(storage.geometry().shift()),
        _ => Err(AttachError::WrongForm),
    }
}

impl<S: Storage> Producer<S> {
    /// The sending end of the ring in `storage`; goes on where the one before it stopped.
    pub fn new(storage: S) -> Result<Self, AttachError> {
        let shift = check(&storage)?;
        let position = storage.control().tail.0.load(Ordering::Acquire);
        let mut producer = Self { storage, shift, position, limit: position };
        match producer.look() {
            Err(SendError::Corrupt) => Err(AttachError::Corrupt),
            _ => Ok(producer),
        }
    }

    /// Its memory.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Reads the receiver's position; an error if there is no room even so.
    #[cold]
    fn look(&mut self) -> Result<(), SendError> {
        let control = self.storage.control();
        let head = control.head.0.load(Ordering::Acquire);
        let used = self.position.wrapping_sub(head);
        if used > 1 << self.shift {
            return Err(SendError::Corrupt);
        }
        self.limit = head.wrapping_add(1 << self.shift);
        if self.limit != self.position {
            return Ok(());
        }
        Err(if control.is_closed(RECEIVER_CLOSED) { SendError::Closed } else { SendError::Full })
    }

    #[inline(always)]
    fn write(&mut self, message: &Message) {
        let turn = turn(self.position, self.shift) | 1;
        slot(&self.storage, self.shift, self.position).write(turn, message);
        self.position = self.position.wrapping_add(1);
    }

    #[inline(always)]
    fn publish(&self) {
        self.storage.control().tail.0.store(self.position, Ordering::Release);
    }

    /// Puts a message in. It can be received at once; a receiver that sleeps has to be woken, see [`Self::notify`].
    #[inline]
    pub fn try_send(&mut self, message: &Message) -> Result<(), SendError> {
        if self.position == self.limit {
            self.look()?;
        }
        self.write(message);
        self.publish();
        Ok(())
    }

    /// Puts in as many as there is room for, at least one.
    #[inline]
    pub fn send_batch(&mut self, messages: &[Message]) -> Result<usize, SendError> {
        if messages.is_empty() {
            return Ok(0);
        }
        if self.limit.wrapping_sub(self.position) < messages.len() as u64 {
            self.look()?;
        }
        let count = messages.len().min(self.limit.wrapping_sub(self.position) as usize);
        for message in &messages[..count] {
            self.write(message);
        }
        self.publish();
        Ok(count)
    }

    /// Messages that surely can be sent now.
    pub fn room(&mut self) -> Result<usize, SendError> {
        match self.look() {
            Ok(()) => Ok(self.limit.wrapping_sub(self.position) as usize),
            Err(SendError::Full) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// After sending: have receivers that sleep on [`Control::readable`](crate::Control::readable) to be woken?
    #[inline]
    #[must_use = "sleepers have to be woken"]
    pub fn notify(&self) -> bool {
        self.storage.control().readable().notify()
    }

    /// Has the receiver gone? A ring that is not full takes messages nevertheless.
    pub fn is_closed(&self) -> bool {
        self.storage.control().is_closed(RECEIVER_CLOSED)
    }

    /// Says that nothing more comes. The receiver gets what is in the ring, and has to be woken if told so.
    #[must_use = "sleepers have to be woken"]
    pub fn close(&self) -> bool {
        self.storage.control().close(SENDER_CLOSED);
        self.notify()
    }
}

impl<S: Storage> Consumer<S> {
    /// The receiving end of the ring in `storage`; goes on where the one before it stopped.
    pub fn new(storage: S) -> Result<Self, AttachError> {
        let shift = check(&storage)?;
        let position = storage.control().head.0.load(Ordering::Acquire);
        Ok(Self { storage, shift, position })
    }

    /// Its memory.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// The next message, if it is there; its label checked.
    #[inline(always)]
    fn read(&mut self) -> Option<Option<Message>> {
        let slot = slot(&self.storage, self.shift, self.position);
        let header = slot.header();
        if header as u32 != turn(self.position, self.shift) | 1 {
            return None;
        }
        self.position = self.position.wrapping_add(1);
        Some(slot.read(header))
    }

    #[inline(always)]
    fn publish(&self) {
        self.storage.control().head.0.store(self.position, Ordering::Release);
    }

    /// Nothing was there. If the sender has gone, what it sent before going is there now.
    #[cold]
    fn nothing(&mut self) -> Result<Message, RecvError> {
        if !self.storage.control().is_closed(SENDER_CLOSED) {
            return Err(RecvError::Empty);
        }
        let message = self.read().ok_or(RecvError::Closed)?;
        self.publish();
        message.ok_or(RecvError::Corrupt)
    }

    /// Takes a message out. A sender that sleeps has to be woken, see [`Self::notify`].
    #[inline]
    pub fn try_recv(&mut self) -> Result<Message, RecvError> {
        let Some(message) = self.read() else { return self.nothing() };
        self.publish();
        message.ok_or(RecvError::Corrupt)
    }

    /// Takes out as many as are there and fit into `messages`, at least one. Ends before a corrupt one.
    #[inline]
    pub fn recv_batch(&mut self, messages: &mut [Message]) -> Result<usize, RecvError> {
        let mut count = 0;
        for place in messages.iter_mut() {
            match self.read() {
                Some(Some(message)) => *place = message,
                Some(None) if count == 0 => {
                    self.publish();
                    return Err(RecvError::Corrupt);
                }
                Some(None) => {
                    // Met again by the next call.
                    self.position = self.position.wrapping_sub(1);
                    break;
                }
                None => break,
            }
            count += 1;
        }
        if count != 0 {
            self.publish();
            return Ok(count);
        }
        match messages.first_mut() {
            None => Ok(0),
            Some(place) => {
                *place = self.nothing()?;
                Ok(1)
            }
        }
    }

    /// Is a message there?
    #[inline]
    pub fn is_ready(&self) -> bool {
        let slot = slot(&self.storage, self.shift, self.position);
        slot.header() as u32 == turn(self.position, self.shift) | 1
    }

    /// Messages in the ring, as the sender counts them.
    pub fn len(&self) -> usize {
        self.storage.control().len(1 << self.shift) as usize
    }

    /// Is none there?
    pub fn is_empty(&self) -> bool {
        !self.is_ready()
    }

    /// After receiving: have senders that sleep on [`Control::writable`](crate::Control::writable) to be woken?
    #[inline]
    #[must_use = "sleepers have to be woken"]
    pub fn notify(&self) -> bool {
        self.storage.control().writable().notify()
    }

    /// Has the sender gone? There may still be messages.
    pub fn is_closed(&self) -> bool {
        self.storage.control().is_closed(SENDER_CLOSED)
    }

    /// Says that nothing more is received. The sender has to be woken if told so.
    #[must_use = "sleepers have to be woken"]
    pub fn close(&self) -> bool {
        self.storage.control().close(RECEIVER_CLOSED);
        self.notify()
    }
}
