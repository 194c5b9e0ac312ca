//! One sender, one receiver.
//!
//! Each side keeps its own position privately, publishes it, and remembers what it last saw of the other's: the
//! sender looks again when the ring seems full, the receiver when it seems empty. So a stream costs the transfer of
//! the slots' lines, and little else.

use crate::copy::Copier;
use crate::layout::{Form, RECEIVER_CLOSED, SENDER_CLOSED};
use crate::message::Message;
use crate::slot::Slot;
use crate::storage::{Owned, Storage};
use crate::sync::Ordering;
use crate::{AttachError, Geometry, RecvError, SendError};

/// The sending end. A second one on the same ring garbles messages, nothing worse.
#[derive(Debug)]
pub struct Producer<S> {
    storage: S,
    capacity: u64,
    position: u64,
    /// Where the ring is full, as far as known.
    limit: u64,
    copier: Copier,
}

/// The receiving end. A second one on the same ring garbles messages, nothing worse.
#[derive(Debug)]
pub struct Consumer<S> {
    storage: S,
    capacity: u64,
    position: u64,
    /// Where the ring is empty, as far as known.
    limit: u64,
    copier: Copier,
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

/// The slot of a position.
///
/// # Safety
///
/// `capacity` is that of the storage.
#[inline(always)]
unsafe fn slot<S: Storage>(storage: &S, capacity: u64, position: u64) -> &Slot {
    // SAFETY: the remainder is less than the number of slots.
    unsafe { storage.slot((position & (capacity - 1)) as usize) }
}

fn capacity<S: Storage>(storage: &S) -> Result<u64, AttachError> {
    match storage.geometry().form() {
        Form::Spsc => Ok(1 << storage.geometry().shift()),
        _ => Err(AttachError::WrongForm),
    }
}

/// Moves the valid messages to the front; returns how many, or an error if there is none.
#[cold]
fn keep_valid(messages: &mut [Message]) -> Result<usize, RecvError> {
    let mut good = 0;
    for index in 0..messages.len() {
        messages[good] = messages[index];
        good += usize::from(messages[good].is_valid());
    }
    if good == 0 {
        return Err(RecvError::Corrupt);
    }
    Ok(good)
}

impl<S: Storage> Producer<S> {
    /// The sending end of the ring in `storage`; goes on where the one before it stopped.
    pub fn new(storage: S) -> Result<Self, AttachError> {
        let capacity = capacity(&storage)?;
        let position = storage.control().tail.0.load(Ordering::Acquire);
        let mut producer = Self { storage, capacity, position, limit: position, copier: Copier::new() };
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
        if used > self.capacity {
            return Err(SendError::Corrupt);
        }
        self.limit = head.wrapping_add(self.capacity);
        if self.limit != self.position {
            return Ok(());
        }
        Err(if control.is_closed(RECEIVER_CLOSED) { SendError::Closed } else { SendError::Full })
    }

    #[inline(always)]
    fn write(&mut self, message: &Message) {
        // SAFETY: the capacity was taken from the storage.
        unsafe { slot(&self.storage, self.capacity, self.position) }.put(message);
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
        let mut rest = &messages[..count];
        while !rest.is_empty() {
            let index = (self.position & (self.capacity - 1)) as usize;
            // SAFETY: the index is a remainder of the storage's capacity.
            let run = unsafe { self.storage.run(index) };
            let (piece, others) = rest.split_at(run.len().min(rest.len()));
            // SAFETY: the piece is no longer than the run.
            unsafe { Slot::put_run(run.cast(), piece, self.copier) };
            self.position = self.position.wrapping_add(piece.len() as u64);
            rest = others;
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
        let capacity = capacity(&storage)?;
        let position = storage.control().head.0.load(Ordering::Acquire);
        let mut consumer = Self { storage, capacity, position, limit: position, copier: Copier::new() };
        match consumer.look() {
            Err(RecvError::Corrupt) => Err(AttachError::Corrupt),
            _ => Ok(consumer),
        }
    }

    /// Its memory.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Reads the sender's position; an error if nothing is there even so.
    #[inline]
    fn look(&mut self) -> Result<(), RecvError> {
        let tail = self.storage.control().tail.0.load(Ordering::Acquire);
        if tail == self.position {
            return self.nothing();
        }
        self.believe(tail)
    }

    #[inline(always)]
    fn believe(&mut self, tail: u64) -> Result<(), RecvError> {
        if tail.wrapping_sub(self.position) > self.capacity {
            return Err(RecvError::Corrupt);
        }
        self.limit = tail;
        Ok(())
    }

    /// Nothing was there. If the sender has gone, what it sent before going is there now.
    #[cold]
    fn nothing(&mut self) -> Result<(), RecvError> {
        let control = self.storage.control();
        if !control.is_closed(SENDER_CLOSED) {
            return Err(RecvError::Empty);
        }
        let tail = control.tail.0.load(Ordering::Acquire);
        if tail == self.position {
            return Err(RecvError::Closed);
        }
        self.believe(tail)
    }

    /// The next message, which is there.
    #[inline(always)]
    fn read(&mut self) -> Message {
        // SAFETY: the capacity was taken from the storage.
        let message = unsafe { slot(&self.storage, self.capacity, self.position) }.get();
        self.position = self.position.wrapping_add(1);
        message
    }

    #[inline(always)]
    fn publish(&self) {
        self.storage.control().head.0.store(self.position, Ordering::Release);
    }

    /// Takes a message out. A sender that sleeps has to be woken, see [`Self::notify`].
    #[inline]
    pub fn try_recv(&mut self) -> Result<Message, RecvError> {
        if self.position == self.limit {
            self.look()?;
        }
        let message = self.read();
        self.publish();
        if !message.is_valid() {
            return Err(RecvError::Corrupt);
        }
        Ok(message)
    }

    /// Takes out as many as are there and fit into `messages`, at least one. Corrupt ones are left out.
    #[inline]
    pub fn recv_batch(&mut self, messages: &mut [Message]) -> Result<usize, RecvError> {
        if messages.is_empty() {
            return Ok(0);
        }
        if self.limit.wrapping_sub(self.position) < messages.len() as u64 {
            match self.look() {
                Err(RecvError::Empty | RecvError::Closed) if self.position != self.limit => {}
                other => other?,
            }
        }
        let count = messages.len().min(self.limit.wrapping_sub(self.position) as usize);
        let mut rest = &mut messages[..count];
        while !rest.is_empty() {
            let index = (self.position & (self.capacity - 1)) as usize;
            // SAFETY: the index is a remainder of the storage's capacity.
            let run = unsafe { self.storage.run(index) };
            let (piece, others) = rest.split_at_mut(run.len().min(rest.len()));
            // SAFETY: the piece is no longer than the run.
            unsafe { Slot::get_run(run.cast(), piece, self.copier) };
            self.position = self.position.wrapping_add(piece.len() as u64);
            rest = others;
        }
        self.publish();
        // Without a branch for each.
        if messages[..count].iter().fold(true, |valid, message| valid & message.is_valid()) {
            return Ok(count);
        }
        keep_valid(&mut messages[..count])
    }

    /// Is a message there?
    #[inline]
    pub fn is_ready(&self) -> bool {
        self.position != self.limit || self.storage.control().tail.0.load(Ordering::Acquire) != self.position
    }

    /// Messages in the ring, as the sender counts them.
    pub fn len(&self) -> usize {
        self.storage.control().used(self.capacity) as usize
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
