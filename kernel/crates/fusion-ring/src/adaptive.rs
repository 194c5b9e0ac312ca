//! Messages of any size: in the slot if they fit, through a pool if not.

use crate::message::Message;
use crate::mpmc::Mpmc;
use crate::pool::{Descriptor, Lease, Pool, PoolError, Table};
use crate::spsc::{Consumer, Producer};
use crate::{Kind, RecvError, SendError, Storage, PAYLOAD};

/// The sending side of anything that carries messages.
pub trait Transmit {
    /// Puts a message in, or says why not.
    fn transmit(&mut self, message: &Message) -> Result<(), SendError>;
    /// Messages that there is room for now, as far as can be said.
    fn room(&mut self) -> Result<usize, SendError>;
    /// Have sleeping receivers to be woken?
    #[must_use = "sleepers have to be woken"]
    fn notify(&self) -> bool;
    /// Says that nothing more comes; have sleeping receivers to be woken?
    #[must_use = "sleepers have to be woken"]
    fn close(&self) -> bool;
}

/// The receiving side.
pub trait Receive {
    /// Takes a message out, or says why not.
    fn receive(&mut self) -> Result<Message, RecvError>;
    /// Is something there to be received?
    fn is_ready(&self) -> bool;
    /// Have sleeping senders to be woken?
    #[must_use = "sleepers have to be woken"]
    fn notify(&self) -> bool;
    /// Says that nothing more is taken; have sleeping senders to be woken?
    #[must_use = "sleepers have to be woken"]
    fn close(&self) -> bool;
}

impl<S: Storage> Transmit for Producer<S> {
    #[inline]
    fn transmit(&mut self, message: &Message) -> Result<(), SendError> {
        self.try_send(message)
    }
    fn room(&mut self) -> Result<usize, SendError> {
        Self::room(self)
    }
    fn notify(&self) -> bool {
        Self::notify(self)
    }
    fn close(&self) -> bool {
        Self::close(self)
    }
}

impl<S: Storage> Receive for Consumer<S> {
    #[inline]
    fn receive(&mut self) -> Result<Message, RecvError> {
        self.try_recv()
    }
    fn is_ready(&self) -> bool {
        Self::is_ready(self)
    }
    fn notify(&self) -> bool {
        Self::notify(self)
    }
    fn close(&self) -> bool {
        Self::close(self)
    }
}

impl<S: Storage> Transmit for Mpmc<S> {
    #[inline]
    fn transmit(&mut self, message: &Message) -> Result<(), SendError> {
        self.try_send(message)
    }
    fn room(&mut self) -> Result<usize, SendError> {
        Ok((1 << self.storage().geometry().shift()) - self.len())
    }
    fn notify(&self) -> bool {
        self.notify_receivers()
    }
    fn close(&self) -> bool {
        self.close_sending()
    }
}

impl<S: Storage> Receive for Mpmc<S> {
    #[inline]
    fn receive(&mut self) -> Result<Message, RecvError> {
        self.try_recv()
    }
    fn is_ready(&self) -> bool {
        !self.is_empty()
    }
    fn notify(&self) -> bool {
        self.notify_senders()
    }
    fn close(&self) -> bool {
        self.close_receiving()
    }
}

/// Why nothing was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The ring's reason.
    Ring(SendError),
    /// The pool's reason.
    Pool(PoolError),
}

/// What was received.
#[derive(Debug)]
pub enum Received<'p, 'm, T: Table> {
    /// A message that fitted.
    Inline(Message),
    /// Bytes in the pool, held until this is dropped.
    Pooled(Lease<'p, 'm, T>),
}

impl<T: Table> Received<'_, '_, T> {
    /// Length in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Inline(message) => message.len(),
            Self::Pooled(lease) => lease.len(),
        }
    }

    /// Are there no bytes?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies as many bytes as fit to `to`; returns how many.
    pub fn read(&self, to: &mut [u8]) -> usize {
        match self {
            Self::Inline(message) => {
                let count = message.len().min(to.len());
                to[..count].copy_from_slice(&message.bytes()[..count]);
                count
            }
            Self::Pooled(lease) => lease.bytes().read(to),
        }
    }
}

/// Sends `bytes`: inline up to [`PAYLOAD`], otherwise copied once into the pool.
pub fn send<T: Table>(to: &mut impl Transmit, pool: &Pool<'_, T>, bytes: &[u8]) -> Result<(), Refusal> {
    if bytes.len() <= PAYLOAD {
        let message = Message::new(bytes).ok_or(Refusal::Ring(SendError::TooLong))?;
        return to.transmit(&message).map_err(Refusal::Ring);
    }
    let lease = pool.allocate(bytes.len()).map_err(Refusal::Pool)?;
    lease.bytes().write(bytes);
    send_lease(to, lease)
}

/// Hands over what is in the pool already: nothing is copied. If the ring refuses, the block is freed unless
/// somebody else holds it.
pub fn send_lease<T: Table>(to: &mut impl Transmit, lease: Lease<'_, '_, T>) -> Result<(), Refusal> {
    let pool = lease.pool();
    let descriptor = lease.send().map_err(Refusal::Pool)?;
    to.transmit(&descriptor.to_message()).map_err(|refusal| {
        pool.discard(descriptor);
        Refusal::Ring(refusal)
    })
}

/// Receives what [`send`] or [`send_lease`] sent. A descriptor that the pool refuses is [`RecvError::Corrupt`].
pub fn receive<'p, 'm, T: Table>(
    from: &mut impl Receive,
    pool: &'p Pool<'m, T>,
) -> Result<Received<'p, 'm, T>, RecvError> {
    let message = from.receive()?;
    if message.kind() == Kind::Inline {
        return Ok(Received::Inline(message));
    }
    let descriptor = Descriptor::of(&message).ok_or(RecvError::Corrupt)?;
    pool.receive(descriptor).map(Received::Pooled).map_err(|_| RecvError::Corrupt)
}
