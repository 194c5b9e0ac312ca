//! Requests and replies: a client that knows which reply belongs to which request, and a server.
//!
//! A message of either kind begins with eight bytes that name the request: a place among those outstanding, and how
//! often that place was used, so that a reply to a request that was given up is known as a stray. The rest, up to
//! [`BODY`] bytes, is the body; larger ones go into a pool, and their descriptor into the body.

use alloc::collections::TryReserveError;
use alloc::vec::Vec;

use fusion_ring::{Message, RecvError, SendError, PAYLOAD};

use crate::{Receive, Transmit};

/// Bytes of the longest body.
pub const BODY: usize = PAYLOAD - 8;

/// Names a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Id(u64);

impl Id {
    const fn new(place: u32, generation: u32) -> Self {
        Self(place as u64 | (generation as u64) << 32)
    }
}

/// A request, or a reply to one.
#[derive(Clone, Copy, Debug)]
pub struct Envelope {
    id: Id,
    message: Message,
}

impl Envelope {
    /// Which request.
    #[must_use]
    pub const fn id(&self) -> Id {
        self.id
    }

    /// What is in it.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.message.bytes().get(8..).unwrap_or_default()
    }

    fn pack(id: Id, body: &[u8]) -> Option<Message> {
        let mut bytes = [0; PAYLOAD];
        bytes[..8].copy_from_slice(&id.0.to_le_bytes());
        bytes.get_mut(8..8 + body.len())?.copy_from_slice(body);
        Message::new(&bytes[..8 + body.len()])
    }

    fn open(message: Message) -> Option<Self> {
        let id = message.bytes().first_chunk().map(|bytes| Id(u64::from_le_bytes(*bytes)))?;
        Some(Self { id, message })
    }
}

#[derive(Clone, Copy, Debug)]
struct Place {
    generation: u32,
    waits: bool,
}

/// Sends requests and matches replies.
///
/// ```
/// use channels::request::{Client, Server};
/// use fusion_ring::spsc;
///
/// let (requests, replies) = (spsc::pair(3).unwrap(), spsc::pair(3).unwrap());
/// let mut client = Client::new(requests.0, replies.1, 8).unwrap();
/// let mut server = Server::new(requests.1, replies.0);
/// let id = client.request(b"2 + 2").unwrap();
/// let request = server.receive().unwrap();
/// assert_eq!(request.body(), b"2 + 2");
/// server.reply(request.id(), b"4").unwrap();
/// let reply = client.receive().unwrap();
/// assert_eq!((reply.id(), reply.body()), (id, &b"4"[..]));
/// ```
#[derive(Debug)]
pub struct Client<S, R> {
    to: S,
    from: R,
    places: Vec<Place>,
    free: Vec<u32>,
    strays: u64,
}

impl<S: Transmit, R: Receive> Client<S, R> {
    /// With up to `window` requests outstanding.
    pub fn new(to: S, from: R, window: u32) -> Result<Self, TryReserveError> {
        let (mut places, mut free) = (Vec::new(), Vec::new());
        places.try_reserve_exact(window as usize)?;
        free.try_reserve_exact(window as usize)?;
        places.resize(window as usize, Place { generation: 0, waits: false });
        free.extend((0..window).rev());
        Ok(Self { to, from, places, free, strays: 0 })
    }

    /// Sends a request. [`SendError::Full`] if too many are outstanding already.
    pub fn request(&mut self, body: &[u8]) -> Result<Id, SendError> {
        let index = *self.free.last().ok_or(SendError::Full)?;
        let place = &mut self.places[index as usize];
        let id = Id::new(index, place.generation);
        self.to.transmit(&Envelope::pack(id, body).ok_or(SendError::TooLong)?)?;
        place.waits = true;
        self.free.pop();
        Ok(id)
    }

    /// The next reply to a request that is outstanding; what is none is skipped and counted.
    pub fn receive(&mut self) -> Result<Envelope, RecvError> {
        loop {
            match Envelope::open(self.from.receive()?) {
                Some(reply) if self.settle(reply.id) => return Ok(reply),
                _ => self.strays += 1,
            }
        }
    }

    /// Gives a request up: its reply will be a stray. Was it outstanding?
    pub fn cancel(&mut self, id: Id) -> bool {
        self.settle(id)
    }

    fn settle(&mut self, id: Id) -> bool {
        let index = id.0 as u32;
        let Some(place) = self.places.get_mut(index as usize) else { return false };
        if !place.waits || Id::new(index, place.generation) != id {
            return false;
        }
        place.waits = false;
        place.generation = place.generation.wrapping_add(1);
        // Within what was reserved: a place is in the list at most once.
        self.free.push(index);
        true
    }

    /// Requests without a reply.
    pub fn outstanding(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Replies that nobody asked for.
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// The end that requests go to, to wake a server that sleeps.
    pub fn to(&self) -> &S {
        &self.to
    }
}

/// Receives requests and replies to them, in whatever order.
#[derive(Debug)]
pub struct Server<R, S> {
    from: R,
    to: S,
}

impl<R: Receive, S: Transmit> Server<R, S> {
    /// Over these ends.
    pub const fn new(from: R, to: S) -> Self {
        Self { from, to }
    }

    /// The next request. [`RecvError::Corrupt`] if it is none.
    pub fn receive(&mut self) -> Result<Envelope, RecvError> {
        Envelope::open(self.from.receive()?).ok_or(RecvError::Corrupt)
    }

    /// Replies to a request.
    pub fn reply(&mut self, id: Id, body: &[u8]) -> Result<(), SendError> {
        self.to.transmit(&Envelope::pack(id, body).ok_or(SendError::TooLong)?)
    }

    /// The end that replies go to, to wake a client that sleeps.
    pub fn to(&self) -> &S {
        &self.to
    }
}
