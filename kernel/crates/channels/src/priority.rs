//! Messages of several classes, the urgent ones first.
//!
//! Every class has a ring, so that bulk traffic never stands in the way of what is urgent. Which class is served
//! next says [`Shares`]: the most urgent that has something, unless a lower one has waited its share.

use fusion_ring::{Message, RecvError, SendError};

use crate::flow::Shares;
use crate::{Receive, Transmit};

/// The sending side, with a ring for each of `N` classes, class 0 the most urgent.
#[derive(Debug)]
pub struct Sender<E, const N: usize>([E; N]);

/// The receiving side.
///
/// ```
/// use channels::{flow::Shares, priority::{Receiver, Sender}};
/// use fusion_ring::{spsc, Message};
///
/// let (urgent, bulk) = (spsc::pair(4).unwrap(), spsc::pair(4).unwrap());
/// let mut sender = Sender::new([urgent.0, bulk.0]);
/// let mut receiver = Receiver::new([urgent.1, bulk.1], Shares::new([8, 1]));
/// sender.send(1, &Message::new(b"later").unwrap()).unwrap();
/// sender.send(0, &Message::new(b"now").unwrap()).unwrap();
/// let (class, message) = receiver.receive().unwrap();
/// assert_eq!((class, message.bytes()), (0, &b"now"[..]));
/// assert_eq!(receiver.receive().unwrap().0, 1);
/// ```
#[derive(Debug)]
pub struct Receiver<E, const N: usize> {
    ends: [E; N],
    shares: Shares<N>,
}

impl<E: Transmit, const N: usize> Sender<E, N> {
    /// Over these rings.
    pub const fn new(ends: [E; N]) -> Self {
        Self(ends)
    }

    /// Sends in a class; one that there is not counts as the least urgent.
    pub fn send(&mut self, class: usize, message: &Message) -> Result<(), SendError> {
        let end = self.0.get_mut(class.min(N.saturating_sub(1))).ok_or(SendError::Closed)?;
        end.transmit(message)
    }

    /// The ring of each class.
    pub fn ends(&mut self) -> &mut [E; N] {
        &mut self.0
    }
}

impl<E: Receive, const N: usize> Receiver<E, N> {
    /// Over these rings, with these shares.
    pub const fn new(ends: [E; N], shares: Shares<N>) -> Self {
        Self { ends, shares }
    }

    /// The next message, with its class. [`RecvError::Closed`] when every class is.
    pub fn receive(&mut self) -> Result<(usize, Message), RecvError> {
        let ready = core::array::from_fn(|class| self.ends[class].is_ready());
        if let Some(class) = self.shares.pick(ready) {
            return self.ends[class].receive().map(|message| (class, message));
        }
        let mut closed = 0;
        for (class, end) in self.ends.iter_mut().enumerate() {
            match end.receive() {
                Ok(message) => return Ok((class, message)),
                Err(RecvError::Closed) => closed += 1,
                Err(_) => {}
            }
        }
        Err(if closed == N { RecvError::Closed } else { RecvError::Empty })
    }

    /// The ring of each class.
    pub fn ends(&mut self) -> &mut [E; N] {
        &mut self.ends
    }
}
