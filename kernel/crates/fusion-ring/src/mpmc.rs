//! Any number of senders and receivers.
//!
//! Positions are claimed by compare-and-swap, batches in one piece; a slot's turn says whose it is: even for the
//! sender of that lap, odd for its receiver. A claim is only tried for slots whose turn has come, so nobody waits
//! for anybody but within the writing or reading of one message.

use crate::layout::{turn, Form, RECEIVER_CLOSED, SENDER_CLOSED};
use crate::message::Message;
use crate::slot::Slot;
use crate::storage::{Owned, Storage};
use crate::sync::{AtomicU64, Ordering};
use crate::{AttachError, Geometry, RecvError, SendError};

/// Failed claims after which others may try: a bound for the kernel, whose peers may be hostile.
const ATTEMPTS: usize = 1 << 10;

/// A ring as any of its users sees it; shared by reference, or cloned with a storage that can be.
///
/// ```
/// use fusion_ring::{mpmc::Mpmc, Message};
/// let ring = Mpmc::owned(4).unwrap();
/// ring.try_send(&Message::new(b"hello").unwrap()).unwrap();
/// assert_eq!(ring.try_recv().unwrap().bytes(), b"hello");
/// ```
#[derive(Clone, Debug)]
pub struct Mpmc<S> {
    storage: S,
    shift: u32,
}

/// What became of an attempt to claim positions.
enum Claim {
    /// From this position on, so many.
    Got(u64, usize),
    /// The first slot's turn has not come.
    NotYet,
    /// The slot's turn is beyond what the position says.
    Corrupt,
    Contended,
}

impl Mpmc<Owned> {
    /// A new ring of `1 << shift` slots in memory of its own; `None` without memory.
    pub fn owned(shift: u32) -> Option<Self> {
        Self::new(Owned::new(Geometry::new(Form::Mpmc, shift).ok()?).ok()?).ok()
    }
}

impl<S: Storage> Mpmc<S> {
    /// The ring in `storage`.
    pub fn new(storage: S) -> Result<Self, AttachError> {
        match storage.geometry().form() {
            Form::Mpmc => Ok(Self { shift: storage.geometry().shift(), storage }),
            _ => Err(AttachError::WrongForm),
        }
    }

    /// Its memory.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    #[inline(always)]
    fn slot(&self, position: u64) -> &Slot {
        debug_assert_eq!(self.shift, self.storage.geometry().shift());
        // SAFETY: the remainder is less than the number of slots; `shift` was taken from the storage.
        unsafe { self.storage.slot((position & ((1 << self.shift) - 1)) as usize) }
    }

    /// How far ahead of `position`'s lap the slot's turn is, for senders (`full` 0) or receivers (1).
    #[inline(always)]
    fn lead(&self, position: u64, full: u32) -> i32 {
        (self.slot(position).header() as u32).wrapping_sub(turn(position, self.shift) | full) as i32
    }

    /// Claims up to `most` positions whose turn has come.
    #[inline(always)]
    fn claim(&self, counter: &AtomicU64, full: u32, most: usize) -> Claim {
        let mut position = counter.load(Ordering::Relaxed);
        for _ in 0..ATTEMPTS {
            let lead = self.lead(position, full);
            if lead < 0 {
                return Claim::NotYet;
            }
            let now = if lead == 0 {
                let mut count = 1;
                while count < most && self.lead(position.wrapping_add(count as u64), full) == 0 {
                    count += 1;
                }
                let next = position.wrapping_add(count as u64);
                match counter.compare_exchange_weak(position, next, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => return Claim::Got(position, count),
                    Err(now) => now,
                }
            } else {
                // Somebody claimed it since; having seen the turn we see the claim.
                let now = counter.load(Ordering::Relaxed);
                if now == position {
                    return Claim::Corrupt;
                }
                now
            };
            position = now;
        }
        Claim::Contended
    }

    #[inline]
    fn claim_to_send(&self, most: usize) -> Result<(u64, usize), SendError> {
        let control = self.storage.control();
        match self.claim(&control.tail.0, 0, most) {
            Claim::Got(position, count) => Ok((position, count)),
            Claim::NotYet if control.is_closed(RECEIVER_CLOSED) => Err(SendError::Closed),
            Claim::NotYet => Err(SendError::Full),
            Claim::Corrupt => Err(SendError::Corrupt),
            Claim::Contended => Err(SendError::Contended),
        }
    }

    #[inline]
    fn claim_to_receive(&self, most: usize) -> Result<(u64, usize), RecvError> {
        let control = self.storage.control();
        let mut claim = self.claim(&control.head.0, 1, most);
        if matches!(claim, Claim::NotYet) && control.is_closed(SENDER_CLOSED) {
            // What was sent before the closing is there now.
            claim = match self.claim(&control.head.0, 1, most) {
                Claim::NotYet => return Err(RecvError::Closed),
                other => other,
            };
        }
        match claim {
            Claim::Got(position, count) => Ok((position, count)),
            Claim::NotYet => Err(RecvError::Empty),
            Claim::Corrupt => Err(RecvError::Corrupt),
            Claim::Contended => Err(RecvError::Contended),
        }
    }

    #[inline(always)]
    fn put(&self, position: u64, message: &Message) {
        self.slot(position).publish(turn(position, self.shift) | 1, message);
    }

    #[inline(always)]
    fn take(&self, position: u64) -> Option<Message> {
        let slot = self.slot(position);
        let message = slot.get_payload(slot.header());
        slot.release(turn(position, self.shift).wrapping_add(2));
        message.is_valid().then_some(message)
    }

    /// Puts a message in. A receiver that sleeps has to be woken, see [`Self::notify_receivers`].
    #[inline]
    pub fn try_send(&self, message: &Message) -> Result<(), SendError> {
        let (position, _) = self.claim_to_send(1)?;
        self.put(position, message);
        Ok(())
    }

    /// Puts in as many as there is room for, at least one, next to each other.
    pub fn send_batch(&self, messages: &[Message]) -> Result<usize, SendError> {
        if messages.is_empty() {
            return Ok(0);
        }
        let (position, count) = self.claim_to_send(messages.len())?;
        for (offset, message) in messages[..count].iter().enumerate() {
            self.put(position.wrapping_add(offset as u64), message);
        }
        Ok(count)
    }

    /// Takes a message out. A sender that sleeps has to be woken, see [`Self::notify_senders`].
    #[inline]
    pub fn try_recv(&self) -> Result<Message, RecvError> {
        let (position, _) = self.claim_to_receive(1)?;
        self.take(position).ok_or(RecvError::Corrupt)
    }

    /// Takes out as many as are there and fit into `messages`, at least one. Corrupt ones are left out.
    pub fn recv_batch(&self, messages: &mut [Message]) -> Result<usize, RecvError> {
        if messages.is_empty() {
            return Ok(0);
        }
        let (position, count) = self.claim_to_receive(messages.len())?;
        let mut good = 0;
        for offset in 0..count as u64 {
            if let Some(message) = self.take(position.wrapping_add(offset)) {
                messages[good] = message;
                good += 1;
            }
        }
        if good == 0 {
            return Err(RecvError::Corrupt);
        }
        Ok(good)
    }

    /// Messages in the ring, those half written or half read included.
    pub fn len(&self) -> usize {
        self.storage.control().used(1 << self.shift) as usize
    }

    /// Is none there?
    pub fn is_empty(&self) -> bool {
        self.lead(self.storage.control().head.0.load(Ordering::Relaxed), 1) < 0
    }

    /// After sending: have receivers that sleep to be woken?
    #[inline]
    #[must_use = "sleepers have to be woken"]
    pub fn notify_receivers(&self) -> bool {
        self.storage.control().readable().notify()
    }

    /// After receiving: have senders that sleep to be woken?
    #[inline]
    #[must_use = "sleepers have to be woken"]
    pub fn notify_senders(&self) -> bool {
        self.storage.control().writable().notify()
    }

    /// Says that nothing more is sent; called when the last sender goes.
    #[must_use = "sleepers have to be woken"]
    pub fn close_sending(&self) -> bool {
        self.storage.control().close(SENDER_CLOSED);
        self.notify_receivers()
    }

    /// Says that nothing more is received; called when the last receiver goes.
    #[must_use = "sleepers have to be woken"]
    pub fn close_receiving(&self) -> bool {
        self.storage.control().close(RECEIVER_CLOSED);
        self.notify_senders()
    }
}
