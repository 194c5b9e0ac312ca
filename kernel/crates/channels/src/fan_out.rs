//! One sender, many receivers: each gets everything (broadcast), or what its groups get (multicast).
//!
//! Every subscriber has a ring of its own, so a slow one delays nobody by itself. What happens when its ring is full
//! is the sender's [`Policy`].

use alloc::collections::TryReserveError;
use alloc::vec::Vec;

use fusion_ring::{Message, SendError};

use crate::Transmit;

/// A set of up to 64 groups.
pub type Groups = u64;
/// Every group: broadcast.
pub const ALL: Groups = Groups::MAX;

/// When a subscriber has no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// Nobody gets the message; the sender is told that the channel is full.
    Wait,
    /// That subscriber misses it, which is counted.
    Skip,
}

/// Names a subscriber.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subscriber(u64);

#[derive(Debug)]
struct Seat<E> {
    name: Subscriber,
    groups: Groups,
    missed: u64,
    end: E,
}

/// The sending side.
///
/// ```
/// use channels::fan_out::{FanOut, Policy};
/// use fusion_ring::{spsc, Message, RecvError};
///
/// let mut news = FanOut::new(Policy::Wait);
/// let (one, mut first) = spsc::pair(3).unwrap();
/// let (two, mut second) = spsc::pair(3).unwrap();
/// news.subscribe(one, 0b01).unwrap();
/// news.subscribe(two, 0b10).unwrap();
/// let (all, some) = (Message::new(b"all").unwrap(), Message::new(b"some").unwrap());
/// assert_eq!(news.broadcast(&all), Ok(2));
/// assert_eq!(news.multicast(0b10, &some), Ok(1));
/// assert_eq!(first.try_recv(), Ok(all));
/// assert_eq!(first.try_recv(), Err(RecvError::Empty));
/// assert_eq!((second.try_recv(), second.try_recv()), (Ok(all), Ok(some)));
/// ```
#[derive(Debug)]
pub struct FanOut<E> {
    seats: Vec<Seat<E>>,
    policy: Policy,
    next: u64,
}

impl<E: Transmit> FanOut<E> {
    /// Without subscribers.
    pub const fn new(policy: Policy) -> Self {
        Self { seats: Vec::new(), policy, next: 0 }
    }

    /// Adds a subscriber to these groups, with the sending end of its ring.
    pub fn subscribe(&mut self, end: E, groups: Groups) -> Result<Subscriber, TryReserveError> {
        self.seats.try_reserve(1)?;
        let name = Subscriber(self.next);
        self.next += 1;
        self.seats.push(Seat { name, groups, missed: 0, end });
        Ok(name)
    }

    /// Removes a subscriber and gives its end back.
    pub fn unsubscribe(&mut self, subscriber: Subscriber) -> Option<E> {
        let place = self.seats.iter().position(|seat| seat.name == subscriber)?;
        Some(self.seats.swap_remove(place).end)
    }

    /// Changes the groups of a subscriber; is there one?
    pub fn regroup(&mut self, subscriber: Subscriber, groups: Groups) -> bool {
        let seat = self.seats.iter_mut().find(|seat| seat.name == subscriber);
        seat.map(|seat| seat.groups = groups).is_some()
    }

    /// Messages that a subscriber missed.
    pub fn missed(&self, subscriber: Subscriber) -> Option<u64> {
        self.seats.iter().find(|seat| seat.name == subscriber).map(|seat| seat.missed)
    }

    /// Subscribers that there are.
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Sends to all; returns how many got it.
    pub fn broadcast(&mut self, message: &Message) -> Result<usize, SendError> {
        self.multicast(ALL, message)
    }

    /// Sends to the subscribers of any of the groups; returns how many got it. Those who have gone, or whose ring is
    /// broken, are no subscribers any more.
    pub fn multicast(&mut self, groups: Groups, message: &Message) -> Result<usize, SendError> {
        if self.policy == Policy::Wait {
            for seat in self.seats.iter_mut().filter(|seat| seat.groups & groups != 0) {
                if seat.end.room() == Ok(0) {
                    return Err(SendError::Full);
                }
            }
        }
        let mut reached = 0;
        self.seats.retain_mut(|seat| {
            if seat.groups & groups == 0 {
                return true;
            }
            match seat.end.transmit(message) {
                Ok(()) => reached += 1,
                Err(SendError::Closed | SendError::Corrupt) => return false,
                Err(SendError::Full | SendError::Contended | SendError::TooLong) => seat.missed += 1,
            }
            true
        });
        Ok(reached)
    }

    /// After sending: the ends whose receivers sleep and have to be woken.
    pub fn sleepers(&self) -> impl Iterator<Item = &E> {
        self.seats.iter().map(|seat| &seat.end).filter(|end| end.notify())
    }
}
