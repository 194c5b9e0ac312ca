//! One message, any one of many receivers.
//!
//! Receivers that share one ring of the many-to-many form are an anycast channel by themselves: whoever is free
//! takes the next message. [`Anycast`] is for receivers with rings of their own (other programs, other nodes): it
//! gives each message to the one with the most room, in turn among equals.

use alloc::collections::TryReserveError;
use alloc::vec::Vec;

use fusion_ring::{Message, SendError};

use crate::Transmit;

/// The sending side.
///
/// ```
/// use channels::anycast::Anycast;
/// use fusion_ring::{spsc, Message};
///
/// let mut workers = Anycast::new();
/// let (one, mut first) = spsc::pair(2).unwrap();
/// let (two, mut second) = spsc::pair(2).unwrap();
/// workers.add(one).unwrap();
/// workers.add(two).unwrap();
/// for job in 0..4_u8 {
///     workers.send(&Message::new(&[job]).unwrap()).unwrap();
/// }
/// assert_eq!((first.len(), second.len()), (2, 2));
/// assert_eq!(first.try_recv().unwrap().bytes(), [0]);
/// assert_eq!(second.try_recv().unwrap().bytes(), [1]);
/// ```
#[derive(Debug, Default)]
pub struct Anycast<E> {
    ends: Vec<E>,
    /// Whose turn it is among equals.
    turn: usize,
}

impl<E: Transmit> Anycast<E> {
    /// Without receivers.
    pub const fn new() -> Self {
        Self { ends: Vec::new(), turn: 0 }
    }

    /// Adds a receiver, by the sending end of its ring.
    pub fn add(&mut self, end: E) -> Result<(), TryReserveError> {
        self.ends.try_reserve(1)?;
        self.ends.push(end);
        Ok(())
    }

    /// Receivers that there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Gives the message to one receiver; returns its end, to wake it if it sleeps. Receivers that have gone are
    /// forgotten; [`SendError::Closed`] if none is left.
    pub fn send(&mut self, message: &Message) -> Result<&mut E, SendError> {
        loop {
            let place = self.roomiest()?;
            match self.ends[place].transmit(message) {
                Ok(()) => {
                    self.turn = place + 1;
                    return Ok(&mut self.ends[place]);
                }
                Err(SendError::Closed | SendError::Corrupt) => drop(self.ends.swap_remove(place)),
                Err(error) => return Err(error),
            }
        }
    }

    /// The end with the most room, the first from `turn` on among equals. A broken one is as good as any: sending
    /// finds out.
    fn roomiest(&mut self) -> Result<usize, SendError> {
        let count = self.ends.len();
        let mut best = None;
        for place in (0..count).map(|offset| (self.turn + offset) % count) {
            let room = self.ends[place].room().unwrap_or(usize::MAX);
            if best.is_none_or(|(most, _)| room > most) {
                best = Some((room, place));
            }
        }
        best.map(|(_, place)| place).ok_or(SendError::Closed)
    }
}
